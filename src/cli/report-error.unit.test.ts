import { expect, test } from 'vitest'
import { ConfigError, UnavailableError } from '../core/errors.js'
import { plain } from './render/paint.js'
import { renderError } from './report-error.js'

const quiet = { paint: plain, debug: false }

test('a config error: what, where, fix', () => {
  const error = new ConfigError({
    code: 'key-missing',
    key: 'flows.mirror.table',
    message: 'public.records has no unique index on id',
    fix: 'CREATE UNIQUE INDEX CONCURRENTLY records_id\n  ON public.records (id)',
  })
  expect(renderError(error, quiet)).toMatchInlineSnapshot(`
    "error  public.records has no unique index on id
       at  flows.mirror.table
      fix  CREATE UNIQUE INDEX CONCURRENTLY records_id
             ON public.records (id)
     code  key-missing"
  `)
  expect(renderError(error, { ...quiet, flow: 'mirror' })).toBe(renderError(error, quiet))
})

test('a database that is away, in a flow', () => {
  const error = new UnavailableError('connection-refused', 'postgres://user:canary@db:5432/app: connection refused')
  expect(renderError(error, { ...quiet, flow: 'mirror' })).toMatchInlineSnapshot(`
    "error  postgres://[redacted]@db:5432/app: connection refused
     flow  mirror
     code  connection-refused"
  `)
})

test('anything else is a bug, without a stack', () => {
  expect(renderError(new TypeError('x is not a function'), quiet)).toMatchInlineSnapshot(`
    "error  unexpected: TypeError: x is not a function
      fix  this is a bug in lockstep: please report it with what LOCKSTEP_DEBUG=1 adds to this message"
  `)
  expect(renderError('thrown text', quiet)).toContain('unexpected: thrown text')
})

test('LOCKSTEP_DEBUG adds the stacks of error and cause, without credentials', () => {
  const cause = new Error('cannot reach postgres://user:canary@db/app')
  const shown = renderError(new UnavailableError('connection', 'no connection', { cause }), { ...quiet, debug: true })
  expect(shown).toContain('report-error.unit.test.ts')
  expect(shown).toContain('caused by: Error: cannot reach postgres://[redacted]@db/app')
  expect(shown).not.toContain('canary')
})
