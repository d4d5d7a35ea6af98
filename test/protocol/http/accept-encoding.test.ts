import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptsGzip } from '../../../src/protocol/http/accept-encoding.js'

test('gzip is sent to those who name it and do not refuse it', () => {
  const accepting = [
    'gzip',
    'GZIP',
    'x-gzip',
    'deflate, gzip',
    'gzip;q=1.0, identity; q=0.5, *;q=0',
    'br;q=1,gzip;q=0.001',
    ' gzip ; q=0.5 ',
    '*',
    'identity;q=0, *;q=0.1',
  ]
  for (const value of accepting) assert.equal(acceptsGzip(value), true, value)
})

test('gzip is not sent to anybody else', () => {
  const refusing = [
    '',
    'identity',
    'br',
    'gzip;q=0',
    'gzip; Q=0.000',
    'gzip;q=0, *',
    'x-gzip;q=0',
    '*;q=0',
    'gzipped',
    ',;',
  ]
  for (const value of refusing) assert.equal(acceptsGzip(value), false, value)
})
