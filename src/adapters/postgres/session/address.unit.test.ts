import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../core/errors.js'
import { Secret } from '../../../core/secret.js'
import { parseAddress, type TlsOptions } from './address.js'

const parse = (url: string, options: Partial<TlsOptions> = {}) =>
  parseAddress(new Secret(url), { insecureTls: false, ...options })

describe('the address of a server', () => {
  it('is labelled without credentials', () => {
    const address = parse('postgres://me:pa%40ss@db.example:6543/app')
    expect(address.label).toBe('postgres://db.example:6543/app')
    expect(address.login()).toMatchObject({
      host: 'db.example',
      port: 6543,
      user: 'me',
      password: 'pa@ss',
      database: 'app',
    })
    expect(inspect(address, { depth: 9, showHidden: true })).not.toContain('pa@ss')
  })

  it.each([
    ['postgresql://me@db.example', 'postgres://db.example:5432/me'],
    ['postgres://me@[::1]:7/x', 'postgres://[::1]:7/x'],
    ['postgres://me@localhost/x?host=/run/postgresql', 'postgres:///run/postgresql:5432/x'],
  ])('%s', (url, label) => {
    expect(parse(url).label).toBe(label)
  })

  it.each([
    'not a url canary',
    'mysql://me:canary@db.example/x',
    'postgres://:canary@db.example/x',
    'postgres://me:canary%zz@db.example/x',
    'postgres://me:canary@db.example/x?ssl=false',
    'postgres://me:canary@db.example/x?options=-c%20role=root',
  ])('a wrong URL is refused without repeating it', (url) => {
    const error = caught(() => parse(url))
    expect(error).toBeInstanceOf(ConfigError)
    expect(inspect(error)).not.toContain('canary')
  })
})

describe('TLS', () => {
  it.each(['', '?sslmode=prefer', '?sslmode=require', '?sslmode=verify-ca', '?sslmode=verify-full'])(
    'is verified to another machine, whatever is asked for: "%s"',
    (query) => {
      const address = parse(`postgres://me@db.example/x${query}`)
      expect(address.tls).toBe('verified')
      expect(address.login().ssl).toEqual({ rejectUnauthorized: true })
    },
  )

  it.each(['disable', 'allow', 'no-verify', 'nonsense'])('sslmode=%s in a URL does not weaken it', (mode) => {
    const error = caught(() => parse(`postgres://me@db.example/x?sslmode=${mode}`))
    expect(error).toMatchObject({ code: 'url-invalid', fix: expect.stringContaining('insecureTls') })
  })

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '[::1]'])('is off to this machine by default: %s', (host) => {
    expect(parse(`postgres://me@${host}/x`).tls).toBe('off')
    expect(parse(`postgres://me@${host}/x?sslmode=disable`).tls).toBe('off')
    expect(parse(`postgres://me@${host}/x?sslmode=require`).tls).toBe('verified')
    expect(parse(`postgres://me@${host}/x`, { ca: 'pem' }).login().ssl).toEqual({ rejectUnauthorized: true, ca: 'pem' })
  })

  it.each(['127.0.0.1.evil.example', 'localhost.example', '10.0.0.1'])('%s is not this machine', (host) => {
    expect(parse(`postgres://me@${host}/x`).tls).toBe('verified')
  })

  it('is weakened only by the option', () => {
    expect(parse('postgres://me@db.example/x', { insecureTls: true }).tls).toBe('unverified')
    expect(parse('postgres://me@db.example/x', { insecureTls: 'plaintext' }).login().ssl).toBe(false)
  })
})

function caught(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
