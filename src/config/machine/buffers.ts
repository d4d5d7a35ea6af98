// Does the system grant socket buffers of the size asked for?

import type { MachineCheck, MachineFinding } from './needs.js'

const limits = { receive: 'net.core.rmem_max', send: 'net.core.wmem_max' } as const

export const checkBuffers: MachineCheck = async ({ buffers }, machine) => {
  const findings: MachineFinding[] = []
  for (const { key, direction, bytes } of buffers) {
    const granted = await machine.grantedBufferBytes(direction, bytes)
    if (granted === undefined || granted >= bytes) continue
    findings.push({
      severity: 'warning',
      check: 'buffers',
      key,
      text: `${key} asks for ${bytes} bytes, and the system grants ${granted}.`,
      remedy: `sudo sysctl -w ${limits[direction]}=${bytes}`,
    })
  }
  return findings
}
