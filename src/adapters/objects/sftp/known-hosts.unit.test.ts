import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fingerprintOf, knownHostKeys } from './known-hosts.js'

const KEY = Buffer.from('the key of the server')
const OTHER = Buffer.from('another key')
const BASE64 = KEY.toString('base64')

describe('a file of known hosts', () => {
  it('knows a server by its name, its name with a port, and its hashed name', () => {
    const salt = Buffer.from('twenty bytes of salt')
    const hash = createHmac('sha1', salt).update('[files.example]:2222').digest('base64')
    const text = `# a comment\n\nfiles.example,10.0.0.1 ssh-ed25519 ${BASE64} a comment\n|1|${salt.toString('base64')}|${hash} ssh-rsa ${BASE64}\n`
    for (const [host, port, type] of [
      ['files.example', 22, 'ssh-ed25519'],
      ['10.0.0.1', 22, 'ssh-ed25519'],
      ['files.example', 2222, 'ssh-rsa'],
    ] as const) {
      const keys = knownHostKeys(text, host, port)
      expect(keys.isKnown(KEY), host).toBe(true)
      expect(keys.isKnown(OTHER), host).toBe(false)
      expect(keys.types).toEqual([type])
    }
  })

  it('does not know others, revoked keys, patterns, or what an authority vouches for', () => {
    const lines = [
      `other.example ssh-ed25519 ${BASE64}`,
      `*.example ssh-ed25519 ${BASE64}`,
      'files.example ssh-ed25519',
    ]
    const authority = `@cert-authority files.example ssh-ed25519 ${BASE64}`
    expect(knownHostKeys([...lines, authority].join('\n'), 'files.example', 22).isKnown(KEY)).toBe(false)
    const revoked = `files.example ssh-ed25519 ${BASE64}\n@revoked files.example ssh-ed25519 ${BASE64}`
    expect(knownHostKeys(revoked, 'files.example', 22).isKnown(KEY)).toBe(false)
  })

  it('prints fingerprints as OpenSSH does', () => {
    expect(fingerprintOf(Buffer.from(''))).toBe('SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU')
  })
})
