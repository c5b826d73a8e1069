import { createHash, createHmac } from 'node:crypto'

export interface HostKeys {
  /** Algorithms of the keys, as OpenSSH calls them. */
  readonly types: readonly string[]
  isKnown(key: Uint8Array): boolean
}

/** What a file of OpenSSH says of a server: plain names and hashed ones; lines with patterns or of authorities are passed over. */
export function knownHostKeys(text: string, host: string, port: number): HostKeys {
  const name = port === 22 ? host : `[${host}]:${port}`
  const known = new Map<string, string>()
  const revoked = new Set<string>()
  for (const line of text.split('\n')) {
    const [first = '', ...rest] = line.trim().split(/\s+/)
    if (first === '' || first.startsWith('#')) continue
    const marked = first.startsWith('@')
    const [names = '', type = '', key = ''] = marked ? rest : [first, ...rest]
    if (key === '' || !names.split(',').some((one) => isName(one, name))) continue
    if (!marked) known.set(key, type)
    if (first === '@revoked') revoked.add(key)
  }
  for (const key of revoked) known.delete(key)
  return { types: [...new Set(known.values())], isKnown: (key) => known.has(Buffer.from(key).toString('base64')) }
}

function isName(written: string, name: string): boolean {
  const [, salt, hash] = /^\|1\|([^|]+)\|([^|]+)$/.exec(written) ?? []
  if (salt === undefined) return written.toLowerCase() === name.toLowerCase()
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
}

/** As `ssh-keygen -lf` prints it. */
export function fingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}
