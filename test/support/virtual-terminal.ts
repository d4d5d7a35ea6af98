// What is seen on a terminal after a program has written to it: the part of ECMA-48 that our screens use. Anything else
// is an error, so that a test notices it. Lines that are too long after a resize are folded, as most terminals do.

import { textWidth } from '../../src/tui/foreign-text.js'

const ESCAPE = '\u001b'
/** After the escape. */
const SEQUENCE = /^\[([?]?)([\d;]*)([A-Za-z])/

export class VirtualTerminal {
  columns: number
  rows: number
  isCursorHidden = false
  hasColours = false
  /** Scrolled away, oldest first. */
  readonly scrolled: string[] = []
  #lines: string[] = ['']
  /** For each line the parameters of the last SGR sequences before each column, as in `1;32`; holes are plain. */
  #styles: string[][] = [[]]
  #style = ''
  #row = 0
  #column = 0
  #rest = ''

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
  }

  /** The lines that are seen, without blanks at their ends and empty lines at the bottom. */
  screen(): string[] {
    const lines = this.#lines.map(line => line.trimEnd())
    while (lines.length > 0 && lines.at(-1) === '') lines.pop()
    return lines
  }

  /** The lines that are seen, as runs of one style: the parameters of SGR (ECMA-48 8.3.117) that are in force. */
  styledScreen(): { readonly text: string; readonly style: string }[][] {
    return this.screen().map((line, row) => {
      const runs: { text: string; style: string }[] = []
      for (let column = 0; column < line.length; column++) {
        const style = this.#styles[row]?.[column] ?? ''
        const last = runs.at(-1)
        if (last?.style === style) last.text += line[column]
        else runs.push({ text: line[column]!, style })
      }
      return runs
    })
  }

  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    const before = this.#lines.slice(0, this.#row)
    const folded = this.#lines.flatMap(line => this.#fold(line))
    this.#row = before.flatMap(line => this.#fold(line)).length
    this.#lines = folded
    this.#styles = folded.map(() => [])
    this.#scroll()
  }

  write(text: string): void {
    let left = this.#rest + text
    this.#rest = ''
    while (left !== '') {
      if (left[0] === ESCAPE) {
        const found = SEQUENCE.exec(left.slice(1, 40))
        if (found === null) {
          if (left.length > 20) throw new Error(`unknown sequence ${JSON.stringify(left.slice(0, 20))}`)
          this.#rest = left
          return
        }
        this.#command(found[1]!, found[2]!, found[3]!)
        left = left.slice(1 + found[0].length)
      } else {
        const character = String.fromCodePoint(left.codePointAt(0)!)
        this.#put(character)
        left = left.slice(character.length)
      }
    }
  }

  #fold(line: string): string[] {
    const text = line.trimEnd()
    const rows: string[] = []
    for (let at = 0; at === 0 || at < text.length; at += this.columns)
      rows.push(text.slice(at, at + this.columns))
    return rows
  }

  #put(character: string): void {
    if (character === '\r') {
      this.#column = 0
    } else if (character === '\n') {
      this.#row++
      this.#scroll()
    } else {
      if (character < ' ') throw new Error(`control character ${JSON.stringify(character)}`)
      if (this.#column >= this.columns) {
        this.#column = 0
        this.#row++
        this.#scroll()
      }
      const line = this.#lines[this.#row]!.padEnd(this.#column)
      this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1)
      this.#styles[this.#row]![this.#column] = this.#style
      this.#column += textWidth(character)
    }
  }

  #scroll(): void {
    while (this.#lines.length <= this.#row) this.#lines.push('')
    while (this.#styles.length <= this.#row) this.#styles.push([])
    while (this.#row >= this.rows) {
      this.scrolled.push(this.#lines.shift()!)
      this.#styles.shift()
      this.#row--
    }
    this.#lines.length = Math.min(this.#lines.length, this.rows)
  }

  #command(isPrivate: string, parameters: string, letter: string): void {
    const count = Math.max(1, Number(parameters.split(';')[0] || 1))
    if (isPrivate !== '') {
      if (parameters === '25') this.isCursorHidden = letter === 'l'
      else if (parameters !== '2026') throw new Error(`unknown mode ${parameters}`)
      return
    }
    switch (letter) {
      case 'm':
        this.hasColours ||= /(^|;)[349]\d/.test(parameters)
        this.#style = styleAfter(this.#style, parameters)
        break
      case 'A':
        this.#row = Math.max(0, this.#row - count)
        break
      case 'E':
        this.#row = Math.min(this.rows - 1, this.#row + count)
        this.#column = 0
        this.#scroll()
        break
      case 'G':
        this.#column = count - 1
        break
      case 'K':
        this.#lines[this.#row] = parameters === '2' ? '' : this.#lines[this.#row]!.slice(0, this.#column)
        this.#styles[this.#row]!.length = this.#lines[this.#row]!.length
        break
      case 'J':
        if (parameters !== '') throw new Error('the whole terminal is erased')
        this.#lines[this.#row] = this.#lines[this.#row]!.slice(0, this.#column)
        this.#lines.length = this.#row + 1
        this.#styles.length = this.#row + 1
        this.#styles[this.#row]!.length = this.#lines[this.#row]!.length
        break
      default:
        throw new Error(`unknown command ${parameters}${letter}`)
    }
  }
}

/** What each parameter of SGR ends. */
const ENDS: Readonly<Record<string, RegExp>> = {
  22: /^[12]$/,
  24: /^4$/,
  27: /^7$/,
  39: /^(3|9)\d$/,
  49: /^(4|10)\d$/,
}

function styleAfter(before: string, parameters: string): string {
  let style = before === '' ? [] : before.split(';')
  for (const parameter of parameters === '' ? ['0'] : parameters.split(';')) {
    if (parameter === '0') style = []
    else if (ENDS[parameter] !== undefined) style = style.filter(is => !ENDS[parameter]!.test(is))
    else if (!style.includes(parameter)) style.push(parameter)
  }
  return style.join(';')
}
