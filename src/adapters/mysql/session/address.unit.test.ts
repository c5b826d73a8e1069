import { describe, expect, it } from 'vitest'
import { Secret } from '../../../core/secret.js'
import { parseAddress, type TlsOptions } from './address.js'

const parse = (url: string, options: Partial<TlsOptions> = {}) =>
  parseAddress(new Secret(url), { insecureTls: false, ...options })

function problemOf(url: string): string {
  try {
    parse(url)
  } catch (error) {
    return String(error)
  }
  throw new Error('it was accepted')
}

describe('an address', () => {
  it('has a label without credentials', () => {
    const address = parse('mariadb://us%40er:p%2Fw@db.example.com:3307/app')
    expect(address).toMatchObject({ label: 'mysql://db.example.com:3307/app', database: 'app', local: false })
    expect(address.login()).toMatchObject({ user: 'us@er', password: 'p/w', host: 'db.example.com', port: 3307 })
    expect(JSON.stringify(address)).not.toContain('p/w')
  })

  it('asks other machines for a certificate with their name, unless told otherwise', () => {
    expect(parse('mysql://u@db.example.com/app').login().ssl).toEqual({
      rejectUnauthorized: true,
      verifyIdentity: true,
    })
    expect(parse('mysql://u@db.example.com/app', { insecureTls: true })).toMatchObject({ tls: 'unverified' })
    expect(parse('mysql://u@db.example.com/app', { insecureTls: 'plaintext' }).login().ssl).toBeUndefined()
    expect(parse('mysql://u@127.0.0.1/app')).toMatchObject({ tls: 'off', local: true })
    expect(parse('mysql://u@localhost/app?ssl-mode=VERIFY_IDENTITY')).toMatchObject({ tls: 'verified' })
  })

  it.each([
    ['postgres://u:canary@h/app', /mysql:\/\//],
    ['canary', /mysql:\/\//],
    ['mysql://:canary@h/app', /no user/],
    ['mysql://u:canary@h', /no database/],
    ['mysql://u:canary@h/app?ssl-mode=DISABLED', /not verified/],
    ['mysql://u:canary@h/app?multipleStatements=true', /multipleStatements/],
    ['mysql://u:canary%@h/app', /%25/],
    ['mysql://u:canary@10.0.0.1/app', /IP address/],
  ])('is refused without repeating it: %s', (url, message) => {
    const problem = problemOf(url)
    expect(problem).toMatch(message)
    expect(problem).not.toContain('canary')
  })
})
