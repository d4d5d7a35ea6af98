// Lists of web origins as they are written in configuration files: `https://example.org, http://localhost:8080`.

/** The entries of a list with commas between them; an empty list has none. */
export function originList(text: string): string[] {
  return text.trim() === '' ? [] : text.split(',').map(entry => entry.trim())
}

/**
 * What is wrong with an entry, as the end of a sentence that begins with it; undefined if nothing is. Browsers send
 * origins in one spelling (RFC 6454, 6.2), which is the only one that can match; `null` is what files and sandboxed
 * frames have.
 */
export function originProblem(entry: string): string | undefined {
  if (entry === 'null') return undefined
  const origin = URL.canParse(entry) ? new URL(entry).origin : 'null'
  if (origin === entry) return undefined
  return origin === 'null'
    ? 'is no origin such as "https://example.org" or "http://localhost:8080"'
    : `is written as ${JSON.stringify(origin)} by browsers: write it like that`
}
