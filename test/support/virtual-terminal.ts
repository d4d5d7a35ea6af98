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

  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    const before = this.#lines.slice(0, this.#row)
    const folded = this.#lines.flatMap(line => this.#fold(line))
    this.#row = before.flatMap(line => this.#fold(line)).length
    this.#lines = folded
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
      this.#column += textWidth(character)
    }
  }

  #scroll(): void {
    while (this.#lines.length <= this.#row) this.#lines.push('')
    while (this.#row >= this.rows) {
      this.scrolled.push(this.#lines.shift()!)
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
        break
      case 'J':
        if (parameters !== '') throw new Error('the whole terminal is erased')
        this.#lines[this.#row] = this.#lines[this.#row]!.slice(0, this.#column)
        this.#lines.length = this.#row + 1
        break
      default:
        throw new Error(`unknown command ${parameters}${letter}`)
    }
  }
}
