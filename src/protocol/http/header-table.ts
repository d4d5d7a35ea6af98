// Finds the number of a header name without making text of it. Most headers of a request are none of those looked for:
// a name's length alone tells.

import assert from 'node:assert/strict'
import { isWordInAnyCase, latin1Bytes } from './ascii.js'

/** Names of headers in any case, numbered by their place. */
export class HeaderTable {
  readonly size: number
  readonly #names: readonly Uint8Array[]
  /** The first name of a length, -1 for none; `#nexts` leads to the others of the same length. */
  readonly #firstOfLength: Int16Array
  readonly #nexts: Int16Array

  constructor(names: readonly string[]) {
    const lowerCased = names.map(name => name.toLowerCase())
    assert.equal(new Set(lowerCased).size, names.length, `a header twice in ${names.join(', ')}`)
    this.size = names.length
    this.#names = lowerCased.map(latin1Bytes)
    this.#firstOfLength = new Int16Array(Math.max(...names.map(name => name.length)) + 1).fill(-1)
    this.#nexts = new Int16Array(names.length)
    for (const [index, { length }] of names.entries()) {
      this.#nexts[index] = this.#firstOfLength[length]
      this.#firstOfLength[length] = index
    }
  }

  /** The number of the name that lies in input[start, end), -1 if it is none of the table's. */
  find(input: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (length >= this.#firstOfLength.length) return -1
    let index = this.#firstOfLength[length]
    while (index >= 0 && !isWordInAnyCase(input, start, end, this.#names[index])) index = this.#nexts[index]
    return index
  }
}
