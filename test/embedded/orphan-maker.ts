import { z } from 'zod'
import { EmbeddedServer } from '../../src/embedded/server.js'

// Started by server.int.test.ts: starts a server, tells where it is, and waits to be killed.
const programs = z
  .object({ initdb: z.string(), postgres: z.string() })
  .parse(JSON.parse(process.env['POSTGRES_PROGRAMS'] ?? ''))
const server = await EmbeddedServer.start({ ...programs, [Symbol.asyncDispose]: async () => {} })
process.stdout.write(`${JSON.stringify({ pid: server.pid, self: process.pid, dataFolder: server.dataFolder })}\n`)
setInterval(() => {}, 1_000)
