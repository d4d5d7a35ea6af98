import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.js'
import { isServiceLink } from '../../src/config/service-links.js'
import { udpTable } from '../../src/config/udp.js'
import { problemsOf } from './problems.js'

/** As Kubernetes sets them for a service with two ports, one of them named. */
const kubernetes = {
  AQUATIC_UDP_SERVICE_HOST: '10.0.0.1',
  AQUATIC_UDP_SERVICE_PORT: '6969',
  AQUATIC_UDP_SERVICE_PORT_TRACKER: '6969',
  AQUATIC_UDP_SERVICE_PORT_METRICS_HTTP: '9000',
  AQUATIC_UDP_PORT: 'udp://10.0.0.1:6969',
  AQUATIC_UDP_PORT_6969_UDP: 'udp://10.0.0.1:6969',
  AQUATIC_UDP_PORT_6969_UDP_PROTO: 'udp',
  AQUATIC_UDP_PORT_6969_UDP_PORT: '6969',
  AQUATIC_UDP_PORT_6969_UDP_ADDR: '10.0.0.1',
  AQUATIC_UDP_PORT_9000_TCP: 'tcp://10.0.0.1:9000',
  AQUATIC_UDP_PORT_9000_TCP_ADDR: '10.0.0.1',
  // Another service, whose name goes on.
  AQUATIC_UDP_METRICS_SERVICE_HOST: 'fd00::1',
  AQUATIC_UDP_METRICS_PORT: 'tcp://[fd00::1]:9000',
}

/** As Docker sets them for `--link tracker-1:aquatic-udp`. */
const docker = {
  AQUATIC_UDP_NAME: '/web/aquatic-udp',
  AQUATIC_UDP_PORT: 'tcp://172.17.0.5:6969',
  AQUATIC_UDP_PORT_6969_TCP_START: 'tcp://172.17.0.5:6969',
  AQUATIC_UDP_PORT_6969_TCP_END: 'tcp://172.17.0.5:6971',
  AQUATIC_UDP_PORT_6969_TCP_PORT_START: '6969',
  AQUATIC_UDP_ENV_NODE_VERSION: '22.23.3',
  AQUATIC_UDP_ENV_AQUATIC_UDP__NETWORK__ENGINE: 'node',
}

test('variables of a service that has our name are no settings', async () => {
  await loadConfig(udpTable, { env: kubernetes })
  await loadConfig(udpTable, { env: docker })
  // Neither are those that begin like an application that there is not.
  const others = { AQUATIC_NAME: '/web/aquatic', AQUATIC_ENV_AQUATIC_UDP__SOCKET_WORKERS: '2' }
  await loadConfig(udpTable, { env: others })
})

test('what only looks like one is refused as before', async () => {
  const slips = {
    AQUATIC_UDP_PORT: '6969',
    AQUATIC_UDP_SERVICE_HOST: 'localhost',
    AQUATIC_UDP_SERVICE_PORT: 'http',
    AQUATIC_UDP_PORT_6969_UDP: 'udp://:6969',
    AQUATIC_UDP_PORT_6969_UDP_PROTO: 'http',
    AQUATIC_UDP_PORT_6969_UDP_PORT: '',
    AQUATIC_UDP_PORT_6969_UDP_ADDR: '10.0.0.1:6969',
    AQUATIC_UDP_PORT_6969_HTTP: 'tcp://10.0.0.1:6969',
    AQUATIC_UDP_PORT_6969: 'tcp://10.0.0.1:6969',
    AQUATIC_UDP__SERVICE_HOST: '10.0.0.1',
    AQUATIC_UDP__NETWORK__SERVICE_PORT: '6969',
    AQUATIC_UDP_HOST: '10.0.0.1',
    // Of no container that a name tells of.
    AQUATIC_UDP_NAME: '/web/other',
    AQUATIC_UDP_ENV_X: '1',
  }
  const problems = await problemsOf(udpTable, { env: slips })
  assert.deepEqual(
    problems.map(problem => problem.split(':')[0]),
    Object.keys(slips).sort(),
  )
  for (const problem of problems) assert.match(problem, /unknown environment variable/)
})

test('no setting is taken for one, whatever its value, with an underscore too few either', () => {
  for (const [name, section] of Object.entries(udpTable.sections)) {
    for (const key of Object.keys(section.leaves)) {
      const slip = `AQUATIC_UDP_${name}_${key}`.toUpperCase()
      for (const value of ['6969', 'udp', '10.0.0.1', 'udp://10.0.0.1:6969', '/web/aquatic-udp'])
        assert.ok(!isServiceLink(slip, { [slip]: value }), slip)
    }
  }
})
