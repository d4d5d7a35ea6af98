import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTarget } from './requests.js'

const routeOf = (target: string): string => readTarget(target).route

test('knows every page by its path', () => {
  const routes: Record<string, string[]> = {
    root: ['/', '//', '', '/?x=/announce', 'http://tracker.example.org', 'http://tracker.example.org:3000/'],
    announce: ['/announce', '/announce.php', '/announce/', 'announce', 'http://host/announce'],
    scrape: ['/scrape', '/scrape.php', '//scrape//', '/scrape?', 'HTTPS://h/scrape?x'],
    health: ['/health', '/health/'],
    statistics: ['/stats', '/stats?mode=peer'],
    robots: ['/robots.txt'],
    metrics: ['/metrics'],
    unknown: [
      '/announcer',
      '/Announce',
      '/a',
      '/a/b',
      '/stats/KEY',
      '/a/announce/b',
      '/announce/a/b',
      '*',
      '://',
    ],
  }
  for (const [route, targets] of Object.entries(routes)) {
    for (const target of targets) assert.equal(routeOf(target), route, target)
  }
})

test('finds the key on either side of the word', () => {
  const cases: [target: string, route: string, key: string][] = [
    ['/announce/KEY', 'announce', 'KEY'],
    ['/KEY/announce?port=1', 'announce', 'KEY'],
    ['/scrape/KEY', 'scrape', 'KEY'],
    ['/KEY/scrape', 'scrape', 'KEY'],
    ['//KEY//scrape.php/', 'scrape', 'KEY'],
    ['/announce/scrape', 'announce', 'scrape'],
    ['http://host/KEY/announce', 'announce', 'KEY'],
    ['/announce', 'announce', ''],
    ['/a/b', 'unknown', ''],
  ]
  for (const [target, route, key] of cases) {
    const found = readTarget(target)
    assert.deepEqual([found.route, found.key], [route, key], target)
  }
})

test('takes for the query what is behind the first question mark', () => {
  assert.equal(readTarget('/announce').query, '')
  assert.equal(readTarget('/announce?').query, '')
  assert.equal(readTarget('/announce?a=1&b=2').query, 'a=1&b=2')
  assert.equal(readTarget('/announce?passkey=x?info_hash=y').query, 'passkey=x?info_hash=y')
  assert.equal(readTarget('/announce  ?a=/b ').query, 'a=/b ')
})
