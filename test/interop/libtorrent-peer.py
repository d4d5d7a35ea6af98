# One BitTorrent peer made of python3-libtorrent, for the transfer test. It prints one JSON object a line and says
# goodbye to the tracker when its standard input ends.
# Arguments: torrent file, directory of the payload, address to listen on ("127.0.0.1:0", "[::1]:0").
import json
import sys
import threading

import libtorrent

torrent_file, directory, listen_on = sys.argv[1:]


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


session = libtorrent.session(
    {
        "listen_interfaces": listen_on,
        # The tracker must be the only way to find anybody.
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        # Without this all peers on one loopback address count as one.
        "allow_multiple_connections_per_ip": True,
        # Pace: by default it waits 15 s before it lets a peer download, and 60 s after a failed connection.
        "unchoke_interval": 1,
        "min_reconnect_time": 1,
        # Patience: by default a peer that was not reached three times is left until the tracker names it again, in half
        # an hour. On a busy machine programs take their time to answer.
        "max_failcount": 1000,
        "peer_connect_timeout": 60,
        "handshake_timeout": 60,
        "enable_outgoing_utp": False,
        "enable_incoming_utp": False,
        "alert_mask": libtorrent.alert.category_t.error_notification
        | libtorrent.alert.category_t.status_notification
        | libtorrent.alert.category_t.tracker_notification,
    }
)
handle = session.add_torrent(
    {
        "ti": libtorrent.torrent_info(torrent_file),
        "save_path": directory,
        "flags": libtorrent.torrent_flags.disable_pex | libtorrent.torrent_flags.disable_lsd,
    }
)


# A torrent that is paused while the tracker's answer is on its way never says goodbye: pausing waits for the answer.
lock = threading.Lock()
ending = False
awaits_answer = True


def pause_at_end_of_input():
    global ending
    sys.stdin.read()
    with lock:
        ending = True
        if not awaits_answer:
            handle.pause()


# Not a daemon: at exit the interpreter waits for it, instead of ending it inside the library, which aborts.
threading.Thread(target=pause_at_end_of_input).start()

request = "none"
gone = False


def handle_answer(peers):
    global awaits_answer
    with lock:
        # Alone: ask again soon instead of after the tracker's interval, so that tests need no order of arrival.
        awaits_answer = peers == 0 and not ending
        if awaits_answer:
            handle.force_reannounce(1, -1, libtorrent.reannounce_flags_t.ignore_min_interval)
        elif ending:
            handle.pause()


while not gone:
    session.wait_for_alert(60_000)
    for alert in session.pop_alerts():
        if isinstance(alert, libtorrent.tracker_announce_alert):
            request = str(alert.event)
            with lock:
                awaits_answer = True
        elif isinstance(alert, libtorrent.tracker_reply_alert):
            say("announced", request=request, peers=alert.num_peers)
            gone = request == "stopped"
            if not gone:
                handle_answer(alert.num_peers)
        elif isinstance(alert, libtorrent.tracker_error_alert):
            say("tracker-error", message=alert.message())
        elif isinstance(alert, libtorrent.torrent_finished_alert):
            say("finished")
        elif isinstance(alert, libtorrent.torrent_error_alert):
            say("torrent-error", message=alert.message())
