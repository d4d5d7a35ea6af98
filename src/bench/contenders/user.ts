// Trackers that nobody but the user knows: a command to start, or an address to ask.

import type { Contender, LaunchRequest } from '../contender.js'

/** What a command of the user may contain, and what takes its place. */
const PLACEHOLDERS: Readonly<Record<string, (request: LaunchRequest) => string>> = {
  '{port}': ({ port }) => String(port),
  '{dir}': ({ directory }) => directory,
  '{cert}': ({ certificate }) => certificate?.certificatePath ?? '',
  '{key}': ({ certificate }) => certificate?.keyPath ?? '',
  '{workers}': ({ processors }) => String(processors),
}

/** Words of a command as a shell divides them: blanks, single and double quotes; nothing else is special. */
export function splitCommand(text: string): string[] {
  const words: string[] = []
  for (const match of text.matchAll(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g)) {
    words.push(match[0].replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double))
  }
  return words
}

/** `--command 'mine=./tracker --listen 127.0.0.1:{port}'`: serves whatever it is asked for. */
export function commandContender(key: string, text: string): Contender {
  return {
    key,
    name: key,
    serves: () => true,
    find: async () => {
      const words = splitCommand(text)
      if (words.length === 0)
        return { reason: 'its command is empty', remedy: `--command '${key}=PROGRAM …'` }
      return {
        version: text,
        path: words[0],
        limits: [],
        launch: async request => {
          const [command, ...args] = words.map(word =>
            Object.entries(PLACEHOLDERS).reduce(
              (filled, [placeholder, value]) => filled.replaceAll(placeholder, value(request)),
              word,
            ),
          )
          return [{ command, args, workingDirectory: process.cwd() }]
        },
      }
    },
  }
}

/** Of whatever kind it is, opentracker too, whose answers hold the announcing peer. */
const URL_WRONGS = ['announce answer wrong: the announcer itself among the peers']
const URL_LIMITS = [
  'already ran, with settings and on processors of its own; what earlier measurements announced stays with it',
  'its processor time, memory and start-up can not be seen',
  'may list the announcing peer too, as opentracker does: that does not count',
]

/** `--url other=udp://10.0.0.2:6969`: is there already; its processor time and memory are not known. */
export function urlContender(key: string, url: string): Contender {
  const protocol = new URL(url).protocol.replace(':', '')
  return {
    key,
    name: key,
    serves: service =>
      protocol === (service.protocol === 'udp' ? 'udp' : `${service.protocol}${service.isTls ? 's' : ''}`),
    find: async () => ({
      version: url,
      path: null,
      limits: URL_LIMITS,
      knownWrongs: URL_WRONGS,
      launch: async () => [],
      url,
    }),
  }
}
