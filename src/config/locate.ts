// Where each key stands in a TOML text. The TOML parser gives values without places, so this walks the text
// a second time, by TOML's rules for strings, brackets and comments but without reading values. It finds no fault and
// always moves forward, on broken text too: that is the parser's business. Nor has it a limit of its own for brackets
// in brackets: give it what the parser has read, which takes a thousand of them; some thousands exhaust the stack.

/** Parts of the longest path that is looked for. Deeper keys are left out: each would cost the length of its path. */
const depthMax = 8

export interface KeyPlace {
  /** `['network', 'address_ipv4']`. */
  readonly path: readonly string[]
  /** Both count from 1; columns in UTF-16 units, like the parser's. */
  readonly line: number
  readonly column: number
}

/**
 * Every key of the text in its order, each where it is first written: section headers (also of arrays of
 * tables), every part of dotted keys, and keys inside inline tables (but not in arrays: no path leads there).
 */
export function locateKeys(text: string): KeyPlace[] {
  const scanner = new Scanner(text)
  scanner.document()
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  let line = 0
  return scanner.found.map(({ path, offset }) => {
    while (line + 1 < lineStarts.length && lineStarts[line + 1]! <= offset) line++
    return { path, line: line + 1, column: offset - lineStarts[line]! + 1 }
  })
}

interface KeyPart {
  readonly name: string
  readonly offset: number
}

class Scanner {
  readonly found: { path: readonly string[]; offset: number }[] = []
  readonly #seen = new Set<string>()
  #at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    let section: readonly string[] | undefined = []
    for (;;) {
      this.#skipBlank()
      if (this.#at >= this.#text.length) return
      const start = this.#at
      if (this.#text[this.#at] === '[') {
        this.#at += this.#text[this.#at + 1] === '[' ? 2 : 1
        section = this.#record([], this.#key())
        this.#skipLine()
      } else {
        this.#pair(section)
        this.#skipLine()
      }
      if (this.#at === start) this.#at++
    }
  }

  /** `key = value`, in a section or in an inline table. */
  #pair(prefix: readonly string[] | undefined): void {
    const parts = this.#key()
    const path = prefix === undefined ? undefined : this.#record(prefix, parts)
    this.#skipSpaces()
    if (this.#text[this.#at] !== '=') return
    this.#at++
    this.#skipSpaces()
    this.#value(path)
  }

  /**
   * Keys are only recorded where there is a path, that is outside of arrays and above `depthMax`.
   * @returns the path of what stands below the key, undefined where none of it can be recorded
   */
  #record(prefix: readonly string[], parts: readonly KeyPart[]): readonly string[] | undefined {
    let path = prefix
    for (const { name, offset } of parts) {
      if (path.length === depthMax) return undefined
      path = [...path, name]
      const id = JSON.stringify(path)
      if (this.#seen.has(id)) continue
      this.#seen.add(id)
      this.found.push({ path, offset })
    }
    return path
  }

  /** A dotted key; ends behind its last part. */
  #key(): KeyPart[] {
    const parts: KeyPart[] = []
    for (;;) {
      this.#skipSpaces()
      const offset = this.#at
      const character = this.#text[offset]
      if (character === '"' || character === "'") {
        this.#string()
        parts.push({ name: unquote(this.#text.slice(offset, this.#at)), offset })
      } else {
        bareKey.lastIndex = offset
        const bare = bareKey.exec(this.#text)?.[0] ?? ''
        if (bare === '') return parts
        this.#at += bare.length
        parts.push({ name: bare, offset })
      }
      this.#skipSpaces()
      if (this.#text[this.#at] !== '.') return parts
      this.#at++
    }
  }

  #value(path: readonly string[] | undefined): void {
    const character = this.#text[this.#at]
    if (character === '"' || character === "'") this.#string()
    else if (character === '[') this.#elements(']', () => this.#value(undefined))
    else if (character === '{') this.#elements('}', () => this.#pair(path))
    else this.#skipUntil(/[\n,\]}#]/g)
  }

  /** An array or inline table, whose elements may stand on several lines between comments. */
  #elements(close: string, element: () => void): void {
    this.#at++
    for (;;) {
      this.#skipBlank()
      const start = this.#at
      if (start >= this.#text.length) return
      if (this.#text[start] === close) {
        this.#at++
        return
      }
      if (this.#text[start] === ',') this.#at++
      else element()
      if (this.#at === start) this.#at++
    }
  }

  /** Any of the four kinds of string. An unfinished one ends with its line, or with the text. */
  #string(): void {
    const quote = this.#text[this.#at]!
    const triple = quote.repeat(3)
    const multiline = this.#text.startsWith(triple, this.#at)
    this.#at += multiline ? 3 : 1
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at]
      if (character === '\\' && quote === '"') this.#at += 2
      else if (multiline && this.#text.startsWith(triple, this.#at)) {
        this.#at += 3
        // Up to two quotes may stand right before the closing three.
        for (let extra = 0; extra < 2 && this.#text[this.#at] === quote; extra++) this.#at++
        return
      } else if (!multiline && (character === quote || character === '\n')) {
        if (character === quote) this.#at++
        return
      } else this.#at++
    }
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++
  }

  /** White space, line ends and comments. */
  #skipBlank(): void {
    for (;;) {
      const character = this.#text[this.#at]
      if (character === '#') this.#skipLine()
      else if (character === ' ' || character === '\t' || character === '\n' || character === '\r') this.#at++
      else return
    }
  }

  #skipLine(): void {
    this.#skipUntil(/\n/g)
  }

  #skipUntil(end: RegExp): void {
    end.lastIndex = this.#at
    this.#at = end.exec(this.#text)?.index ?? this.#text.length
  }
}

const bareKey = /[A-Za-z0-9_-]*/y

const shortEscapes: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  e: '\x1b',
  '"': '"',
  '\\': '\\',
}

/** The name inside a quoted key. */
function unquote(quoted: string): string {
  const inner = quoted.slice(1, quoted.length > 1 ? -1 : undefined)
  if (quoted[0] === "'") return inner
  return inner.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g,
    (whole, hex2?: string, hex4?: string, hex8?: string, short?: string) => {
      if (short !== undefined) return shortEscapes[short] ?? whole
      const code = Number.parseInt(hex2 ?? hex4 ?? hex8 ?? '', 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}
