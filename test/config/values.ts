// Random values for leaves, valid and not, as they are written in TOML.

import fc from 'fast-check'
import { tomlText } from '../../src/config/print.js'
import type { Leaf, SocketAddressLeaf, Value } from '../../src/config/schema.js'
import { formatSocketAddress, type SocketAddress } from '../../src/protocol/socket-address.js'

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter(value => !value.includes('\0'))

/** Values that a leaf accepts. */
export function validValue(leaf: Leaf): fc.Arbitrary<Value> {
  switch (leaf.type) {
    case 'boolean':
      return fc.boolean()
    case 'integer': {
      const inRange = fc.integer({ min: leaf.min, max: leaf.max })
      return leaf.zeroMeans === undefined ? inRange : fc.oneof(inRange, fc.constant(0))
    }
    case 'number': {
      const inRange = fc
        .double({ min: leaf.min, max: leaf.max, noNaN: true })
        .filter(value => !Object.is(value, -0) && (value === 0 || Math.abs(value) > 1e-6))
      return leaf.zeroMeans === undefined ? inRange : fc.oneof(inRange, fc.constant(0))
    }
    case 'list':
      return fc.array(fc.constantFrom(...leaf.form.examples), { maxLength: 3 })
    case 'string':
    case 'path':
      if (leaf.type === 'string' && leaf.form !== undefined) {
        const empty = leaf.emptyMeans === undefined ? [] : ['']
        return fc.constantFrom(...leaf.form.examples, ...empty)
      }
      return leaf.emptyMeans === undefined ? text : fc.oneof(text, fc.constant(''))
    case 'oneOf':
      return fc.constantFrom(...leaf.allowed)
    case 'socketAddress':
      return socketAddress(leaf.family)
  }
}

/** TOML texts of values that a leaf refuses: wrong in type, range or form. */
export function invalidToml(leaf: Leaf): fc.Arbitrary<string> {
  const floats = leaf.type === 'number' ? [] : ['1.5', '0.0']
  const otherTypes = ['1979-05-27', '[1, "two", { three = 3 }]', '{ a = "b" }', ...floats]
  return fc.oneof(fc.constantFrom(...otherTypes), invalidForType(leaf))
}

function invalidForType(leaf: Leaf): fc.Arbitrary<string> {
  switch (leaf.type) {
    case 'boolean':
      return fc.constantFrom('0', '1', '"true"', '"no"')
    case 'integer': {
      const below = leaf.min > 1 || leaf.zeroMeans === undefined ? [leaf.min - 1] : []
      const outside = [...below, -1, BigInt(leaf.max) + 1n].filter(
        value => Number(value) < leaf.min || value > leaf.max,
      )
      return fc.constantFrom(...outside.map(String), 'true', '"12"', '""', '99999999999999999999999')
    }
    case 'number': {
      const text = leaf.suffixes === undefined ? ['"12"'] : ['"12parsecs"', '"k"', '"-1"', '"1 2"']
      return fc.constantFrom(...text, 'true', '""', '"many"', String(leaf.max * 2), '-3', '-inf')
    }
    case 'list':
      return fc.constantFrom('"?"', '7', 'true', '["?"]', '[7]', '[[]]')
    case 'string':
    case 'path': {
      if (leaf.type === 'string' && leaf.form !== undefined) return fc.constantFrom('"?"', 'true', '7')
      const empty = leaf.emptyMeans === undefined ? ['""'] : []
      return fc.constantFrom(...empty, 'true', '7', '"a\\u0000b"')
    }
    case 'oneOf':
      return fc.oneof(
        fc.constantFrom('true', '3', '""'),
        text.filter(word => !leaf.allowed.includes(word)).map(tomlText),
      )
    case 'socketAddress':
      return fc.constantFrom(
        ...['""', '3000', '"localhost:3000"', '"0.0.0.0"', '"[::]"', '":::3000"', '"0.0.0.0:65536"'],
        ...['"[::ffff:1.2.3.4]:3000"', '"[fe80::1%eth0]:3000"', '"1.2.3.256:1"', '"0.0.0.0:+1"'],
        ...(leaf.family === 'ipv4' ? ['"[::]:3000"'] : []),
        ...(leaf.family === 'ipv6' ? ['"0.0.0.0:3000"'] : []),
      )
  }
}

function socketAddress(family: SocketAddressLeaf['family']): fc.Arbitrary<Value> {
  const port = fc.integer({ min: 0, max: 65_535 })
  const ipv4 = fc.record({ address: fc.ipV4(), port }, { noNullPrototype: true })
  const notMapped = fc.ipV6().filter(address => !/\d\.\d/.test(address))
  const ipv6 = fc.record({ address: notMapped, port }, { noNullPrototype: true })
  if (family === 'any') return fc.oneof(ipv4, ipv6)
  return family === 'ipv4' ? ipv4 : ipv6
}

/** The text of a value as `--set` and the environment take it. */
export function plainText(value: Value): string {
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'object' ? formatSocketAddress(value as SocketAddress) : String(value)
}
