import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IpAddress } from '../../../src/protocol/http/ip-text.js'
import { createFullScrapeTimes, FullScrapeTimes } from '../../../src/trackers/http/full-scrape-times.js'

const interval = 300

function ipv4(number: number): IpAddress {
  const address = new IpAddress()
  address.family = 4
  address.words[0] = number
  return address
}

function ipv6(network: number, host: number): IpAddress {
  const address = new IpAddress()
  address.family = 6
  address.words.set([0x20010db8, network, host, ~host])
  return address
}

test('an address has one in an interval, whichever worker it asks', () => {
  const memory = createFullScrapeTimes()
  const [one, two] = [new FullScrapeTimes(memory, interval), new FullScrapeTimes(memory, interval)]
  assert.equal(one.claim(ipv4(7), 0), 0)
  assert.equal(two.claim(ipv4(7), 0), interval)
  assert.equal(one.claim(ipv4(7), interval - 1), 1)
  assert.equal(two.claim(ipv4(8), 1), 0)
  assert.equal(two.claim(ipv4(7), interval), 0)
  assert.equal(one.claim(ipv4(7), interval), interval)
})

test('an IPv6 network of 64 bits is one address, another is another, and IPv4 is neither', () => {
  const times = new FullScrapeTimes(createFullScrapeTimes(), interval)
  assert.equal(times.claim(ipv6(1, 1), 5), 0)
  assert.equal(times.claim(ipv6(1, 2), 5), interval)
  assert.equal(times.claim(ipv6(2, 1), 5), 0)
  assert.equal(times.claim(ipv4(0x20010db8), 5), 0)
})

test('peek tells and notes nothing; renew begins the interval anew', () => {
  const times = new FullScrapeTimes(createFullScrapeTimes(), interval)
  assert.equal(times.peek(ipv4(1), 0), 0)
  assert.equal(times.claim(ipv4(1), 0), 0)
  assert.equal(times.peek(ipv4(1), 100), 200)
  times.renew(ipv4(1), 100)
  assert.equal(times.peek(ipv4(1), 100), interval)
})

test('remembers thousands of addresses, and forgets the oldest beyond', () => {
  const times = new FullScrapeTimes(createFullScrapeTimes(), 1_000_000)
  const remembered = (from: number, to: number): number => {
    let count = 0
    for (let number = from; number < to; number++) if (times.peek(ipv4(number), 200_000) > 0) count++
    return count
  }
  for (let number = 0; number < 2000; number++) assert.equal(times.claim(ipv4(number), number), 0)
  // 8 places in each of 1024 buckets: a bucket of more than 8 among 2 on average is one in thousands.
  assert.ok(remembered(0, 2000) > 1980)
  for (let number = 2000; number < 100_000; number++) times.claim(ipv4(number), number)
  assert.equal(remembered(0, 2000), 0)
  assert.ok(remembered(99_000, 100_000) > 990)
})
