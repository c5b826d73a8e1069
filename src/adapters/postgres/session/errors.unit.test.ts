import { inspect } from 'node:util'
import { DrizzleQueryError } from 'drizzle-orm/errors'
import { DatabaseError } from 'pg'
import { describe, expect, it } from 'vitest'
import { ConfigError, DataError, UnavailableError } from '../../../core/errors.js'
import { endsSession, translate } from './errors.js'

const doing = { what: 'storing rows', label: 'postgres://host:5432/app' }

function said(code: string, message: string, fields: Partial<DatabaseError> = {}): DatabaseError {
  return Object.assign(new DatabaseError(message, 0, 'error'), { code, severity: 'ERROR', ...fields })
}

describe('an error of the server', () => {
  it.each([
    ['53100', UnavailableError, 'disk-full'],
    ['53200', UnavailableError, 'server-out-of-memory'],
    ['57P02', UnavailableError, 'server-crashed'],
    ['57P03', UnavailableError, 'server-starting'],
    ['08006', UnavailableError, 'connection-lost'],
    ['XX001', UnavailableError, 'server-internal-error'],
    ['22P99', DataError, 'invalid-value'],
    ['42ABC', ConfigError, 'schema-mismatch'],
  ])('%s', (code, kind, word) => {
    const error = translate(said(code, 'x'), doing)
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject({ code: word })
    expect(error.message).toContain('storing rows')
    expect(error.message).toContain('postgres://host:5432/app')
    expect(error.message).toContain(code)
  })

  it('names the objects but no value, neither itself nor in its cause', () => {
    const fields = { detail: 'Key (id)=(canary)', where: 'COPY canary', schema: 's', table: 't', constraint: 't_pkey' }
    const server = said('23505', 'duplicate canary', fields)
    const error = translate(new DrizzleQueryError('insert canary', ['canary'], server), doing)
    expect(error.message).toContain('table s.t, constraint t_pkey')
    expect(error.cause).toBeInstanceOf(Error)
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary')
  })

  it('42501 comes with the GRANT', () => {
    const error = translate(said('42501', 'permission denied for sequence t_id_seq'), doing)
    expect(error).toMatchObject({ fix: expect.stringContaining('GRANT USAGE ON SEQUENCE t_id_seq TO') })
  })

  it('that has no meaning is no LockstepError', () => {
    const error = translate(said('42601', 'syntax error at "canary"'), doing)
    expect(error.constructor).toBe(Error)
    expect(inspect(error)).not.toContain('canary')
  })

  it('may end the session', () => {
    expect(endsSession(new DrizzleQueryError('', [], said('57P01', 'x')))).toBe(true)
    expect(endsSession(said('57014', 'x'))).toBe(false)
  })
})

describe('an error of the network', () => {
  it.each([
    ['ECONNREFUSED', 'connection-refused'],
    ['ECONNRESET', 'connection-lost'],
    ['EPIPE', 'connection-lost'],
    ['ETIMEDOUT', 'connection-timeout'],
    ['ENOTFOUND', 'host-unknown'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls-failed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls-failed'],
  ])('%s', (code, word) => {
    const error = translate(Object.assign(new Error('x'), { code }), doing)
    expect(error).toBeInstanceOf(UnavailableError)
    expect(error).toMatchObject({ code: word, cause: expect.any(Error) })
  })

  it('another one is passed on as it is', () => {
    const bug = new TypeError('x is not a function')
    expect(translate(bug, doing)).toBe(bug)
  })
})
