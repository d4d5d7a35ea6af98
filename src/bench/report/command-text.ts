// A command line as a page shows it: so that it can be repeated elsewhere, and tells nothing of the machine it was
// given on.

/** `/home/me/build/tracker` -> `…/tracker`: where things lie on one machine is of no use on another. */
function shortenPath(word: string): string {
  if (!/^(\/|~|\.\.\/)/.test(word)) return word
  const last = word.replace(/\/+$/, '').split('/').at(-1)!
  return last === '' || last === '~' || last === '..' ? '…' : `…/${last}`
}

/** Paths within a sentence, or a command that the user has quoted in his own way. */
export function shortenPaths(text: string): string {
  return text.replace(
    /(^|[\s'"=(])((?:~|\.\.)?\/[^\s'"/][^\s'")]*)/g,
    (_, before: string, path: string) => before + shortenPath(path),
  )
}

/** A word as a shell reads it back. */
function quoted(word: string): string {
  return /^[\w./:=,@%+~…-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** Words of a command line as one text, as it was given. */
export function joinCommand(words: readonly string[]): string {
  return words.map(quoted).join(' ')
}

/** The same with paths reduced to their last part: values of `--flag=…` and `KEY=…`, and programs in commands too. */
export function describeCommand(words: readonly string[]): string {
  return joinCommand(words.map(word => word.split('=').map(shortenPart).join('=')))
}

/** For a text that `joinCommand` made. */
export function describeCommandText(text: string): string {
  return describeCommand(wordsOf(text))
}

/** A command of the user has its own words, a path with spaces has not. */
function shortenPart(part: string): string {
  return part.includes('{') ? part.split(' ').map(shortenPath).join(' ') : shortenPath(part)
}

function wordsOf(text: string): string[] {
  return (text.match(/(?:'[^']*'|\\.|[^\s'])+/g) ?? []).map(word =>
    word.replace(/'([^']*)'|\\(.)/g, (_, inside: string | undefined, escaped: string) => inside ?? escaped),
  )
}
