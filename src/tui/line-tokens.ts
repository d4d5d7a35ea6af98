// Ink makes an object of each cell and measures each character of each picture: 10 ms for one of 160 x 25, or 2.4 % of
// a processor. So it is given pictures of one character a line, a token, which is exchanged for the line where Ink
// writes it. A line that changes gets another token; Ink, which compares lines, thus writes those alone that changed.

/** Private use characters: harmless texts (foreign-text.ts) have none. */
const FIRST_TOKEN = 0xe000
const LAST_TOKEN = 0xf8ff
/** Changes of one line between two pictures of Ink, which draws ten in a second, that are told apart for sure. */
const TOKENS_PER_LINE = 32
const LINES_MAX = Math.floor((LAST_TOKEN + 1 - FIRST_TOKEN) / TOKENS_PER_LINE)

export class LineTokens {
  /** By token. */
  readonly #texts: string[] = []
  /** Of each line, which of its tokens stands for what it says now. */
  readonly #current: number[] = []

  /** @param lines at most 200: more are left out @returns the same lines, as tokens */
  exchange(lines: readonly string[]): string {
    return lines
      .slice(0, LINES_MAX)
      .map((text, line) => {
        let token = line * TOKENS_PER_LINE + (this.#current[line] ?? 0)
        if (this.#texts[token] !== text) {
          this.#current[line] = ((this.#current[line] ?? 0) + 1) % TOKENS_PER_LINE
          token = line * TOKENS_PER_LINE + this.#current[line]!
          this.#texts[token] = text
        }
        return String.fromCharCode(FIRST_TOKEN + token)
      })
      .join('\n')
  }

  /** Puts the lines where their tokens are; everything else, such as what moves the cursor, stays. */
  restore(text: string): string {
    return text.replace(/[\ue000-\uf8ff]/g, token => this.#texts[token.charCodeAt(0) - FIRST_TOKEN] ?? '')
  }
}
