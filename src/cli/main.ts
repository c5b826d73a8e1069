#!/usr/bin/env node
import { CommanderError } from 'commander'
import { EXIT, type ExitCode, exitCodeOf } from '../core/errors.js'
import { type Io, processIo } from './io.js'
import { createProgram } from './program.js'
import { keepHeapSmall } from './small-heap.js'

/** What is still open this long after a command is done (a hung connection) does not keep the process alive. */
const LINGER_MS = 3_000

async function main(args: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok
  try {
    await armFailpoint(io)
    const program = createProgram(io, async (result) => {
      exitCode = await result
    })
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has already said what is wrong with the command line; its own exit code 1 would read as "different".
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.config
    return report(error, io)
  }
}

async function report(error: unknown, io: Io): Promise<ExitCode> {
  const { renderError } = await import('./report-error.js')
  const { paint } = await import('./render/paint.js')
  io.err(renderError(error, { paint: paint(io), debug: Boolean(io.env['LOCKSTEP_DEBUG']) }))
  return exitCodeOf(error)
}

async function armFailpoint(io: Io): Promise<void> {
  const spec = io.env['LOCKSTEP_FAILPOINT']
  if (spec === undefined || spec === '') return
  const { armFromEnvironment } = await import('./failpoint-env.js')
  armFromEnvironment(spec)
}

keepHeapSmall()
const io = processIo()
process.exitCode = await main(process.argv.slice(2), io)
// Whoever reads the pipe may be slow; all of the result is theirs before the process may end.
await io.bytes(new Uint8Array())
setTimeout(() => process.exit(), LINGER_MS).unref()
