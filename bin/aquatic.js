#!/usr/bin/env node
// SIGUSR1 asks for a reload, at any time. Unless somebody listens, node opens a debugger at it, through which every user
// of this machine can run what he likes: so this comes before anything is loaded.
process.on('SIGUSR1', () => undefined)

const { execute } = await import('@oclif/core/execute')
await execute({ dir: import.meta.url })
