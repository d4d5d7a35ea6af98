# Runs a program in a pseudo terminal of its own. What it writes there goes to stdout as it is, what comes on stdin is
# typed; lines on descriptor 3 are commands: `size COLUMNS ROWS`, `stall` (read nothing), `go-on`, `hang-up`. The last line on stderr is how it ended.
# usage: pseudo-terminal.py COLUMNS ROWS STDOUT PROGRAM ARGUMENT...   (STDOUT: a file for its stdout, or - for the terminal)

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def fill(path):
    other_side = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        while True:
            os.write(other_side, b"\r")
    except BlockingIOError:
        os.close(other_side)


def main():
    columns, rows, stdout = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    child, terminal = pty.fork()
    if child == 0:
        resize(0, columns, rows)
        os.close(3)
        if stdout != "-":
            os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
        os.execvp(sys.argv[4], sys.argv[4:])
    sys.stderr.write("pid %d\n" % child)
    sys.stderr.flush()

    def end_both(*_):
        os.kill(child, signal.SIGKILL)
        os._exit(1)

    signal.signal(signal.SIGTERM, end_both)
    sources, commands = [0, 3, terminal], b""
    stalled = False
    while stalled or terminal in sources:
        for source in select.select(sources, [], [])[0]:
            # A command that was read before it in this round has put it away.
            if source not in sources:
                continue
            try:
                data = os.read(source, 65536)
            except OSError:
                # EIO: nobody has the other side of the terminal any more.
                data = b""
            if data == b"":
                sources.remove(source)
            elif source == terminal:
                while data:
                    data = data[os.write(1, data):]
            elif source == 0:
                os.write(terminal, data)
            else:
                commands += data
                while b"\n" in commands:
                    line, commands = commands.split(b"\n", 1)
                    words = line.decode().split()
                    if words[0] == "size":
                        resize(terminal, int(words[1]), int(words[2]))
                    elif words[0] == "stall":
                        # A terminal that takes nothing any more: what fits into it is put there.
                        sources.remove(terminal)
                        stalled = True
                        fill("/proc/%d/fd/2" % child)
                    elif words[0] == "go-on":
                        sources.append(terminal)
                        stalled = False
                    elif words[0] == "hang-up":
                        os.close(terminal)
                        sources = []
                        break
    status = os.waitpid(child, 0)[1]
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    sys.stderr.write("ended %d\n" % code)


main()
