import { describe, expect, it } from 'vitest'
import { postgres } from '../database.js'
import { diagnoseTls } from './server.js'

describe('doctor on how the connection is protected', () => {
  it.each([
    ['postgres://me@db.example/app', {}, 'ok', 'certificate verified'],
    ['postgres://me@db.example/app', { insecureTls: true }, 'warn', 'whoever answers is trusted'],
    ['postgres://me@db.example/app', { insecureTls: 'plaintext' }, 'warn', 'not encrypted'],
    ['postgres://me@127.0.0.1/app', {}, 'ok', 'does not leave this machine'],
    ['postgres://me@[::1]/app', { insecureTls: true }, 'ok', 'does not leave this machine'],
    ['postgres://me@localhost/app?sslmode=require', {}, 'ok', 'certificate verified'],
  ] as const)('%s with %o: %s, %s', async (url, options, level, message) => {
    await using database = postgres(url, options)
    const found = diagnoseTls(database)
    expect(found).toMatchObject({ level, message: expect.stringContaining(message) })
    expect(found.fix !== undefined).toBe(level === 'warn')
  })
})
