// Random values for leaves, valid and not, as they are written in TOML.

import fc from 'fast-check'
import { tomlText } from '../../src/config/print.js'
import type { Leaf, SocketAddressLeaf, Value } from '../../src/config/schema.js'
import { formatSocketAddress } from '../../src/protocol/socket-address.js'

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
    case 'string':
    case 'path':
      return leaf.emptyMeans === undefined ? text : fc.oneof(text, fc.constant(''))
    case 'oneOf':
      return fc.constantFrom(...leaf.allowed)
    case 'socketAddress':
      return socketAddress(leaf.family)
  }
}

/** TOML texts of values that a leaf refuses: wrong in type, range or form. */
export function invalidToml(leaf: Leaf): fc.Arbitrary<string> {
  const otherTypes = ['1979-05-27', '[1, "two", { three = 3 }]', '{ a = "b" }', '1.5', '0.0']
  return fc.oneof(fc.constantFrom(...otherTypes), invalidForType(leaf))
}

function invalidForType(leaf: Leaf): fc.Arbitrary<string> {
  switch (leaf.type) {
    case 'boolean':
      return fc.constantFrom('0', '1', '"true"', '"no"')
    case 'integer': {
      const below = leaf.min > 1 || leaf.zeroMeans === undefined ? [leaf.min - 1] : []
      const outside = [...below, -1, BigInt(leaf.max) + 1n].filter(
        value => Number(value) !== 0 || leaf.zeroMeans === undefined,
      )
      return fc.constantFrom(...outside.map(String), 'true', '"12"', '""', '99999999999999999999999')
    }
    case 'string':
    case 'path': {
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
  return typeof value === 'object' ? formatSocketAddress(value) : String(value)
}
