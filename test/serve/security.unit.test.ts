import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { parseAddress, serveAccess } from '../../src/cli/serve/serve-access.js'
import { UnavailableError } from '../../src/core/errors.js'
import { Secret } from '../../src/core/secret.js'
import { assertSafe, isOwnHost } from '../../src/serve/security/access.js'
import { posted, request, subject, TOKEN, token, toyFlow } from './subject.js'

const code = async (answer: Response | Promise<Response>): Promise<unknown> => {
  const { status } = await answer
  const body: unknown = JSON.parse(await (await answer).text())
  return `${status} ${String(Reflect.get(Object(body), 'code'))}`
}

describe('the server', () => {
  it('refuses names that are not its own, so that no foreign site can point one at it', async () => {
    await using api = subject({ access: { names: ['lockstep.example.com'] } })
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
      'lockstep.example.com.evil',
      'a@localhost',
      '',
    ]) {
      expect(isOwnHost(host, ['lockstep.example.com'])).toBe(false)
    }
    for (const host of [
      'localhost',
      'LOCALHOST:4680',
      '127.0.0.1:1',
      '[::1]:4680',
      '10.1.2.3',
      'lockstep.example.com:443',
    ]) {
      expect(isOwnHost(host, ['lockstep.example.com'])).toBe(true)
    }
    for (const path of ['/api/v1/flows', '/healthz', '/docs', '/', '/openapi.json']) {
      expect(await code(api.get(path, { headers: { host: 'evil.example' } }))).toBe('403 host-refused')
    }
  })

  it('asks for the token everywhere but for health and what is the same for all', async () => {
    await using api = subject({ access: { token } })
    const paths = ['/api/v1/flows', '/api/v1/flows/quotes/dead-letters', '/api/v1/events', '/metrics', '/api/v1/none']
    for (const path of paths) {
      expect(await code(api.get(path))).toBe('401 token-missing')
      for (const wrong of ['', 'Bearer', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`]) {
        expect(await code(api.get(path, { headers: { authorization: wrong } }))).toBe('401 token-missing')
      }
    }
    expect(await code(api.post('/api/v1/flows/quotes/pause'))).toBe('401 token-missing')
    expect((await api.get('/api/v1/flows', { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200)
    expect((await api.get('/healthz')).status).toBe(200)
    expect((await api.get('/openapi.json')).status).toBe(200)
    expect(await (await api.get('/readyz')).json()).toEqual({ ready: true, problems: [] })
  })

  it('tells what is not ready only to who has the token', async () => {
    const broken = toyFlow(async () => {
      throw new UnavailableError('connection', 'nobody answers')
    })
    await using api = subject({ access: { token }, flows: { broken } })
    await vi.waitFor(() => expect(api.board.figures('broken')?.state).toBe('failed'))
    const blind = await api.get('/readyz')
    expect([blind.status, await blind.json()]).toEqual([503, { ready: false, problems: [] }])
    const told = await api.get('/readyz', { headers: { authorization: `Bearer ${TOKEN}` } })
    expect(JSON.stringify(await told.json())).toContain('flow broken')
  })

  it('changes something only by POST with JSON that is not from another site', async () => {
    await using api = subject()
    const path = '/api/v1/flows/quotes/pause'
    expect(await code(api.get(path))).toBe('404 not-found')
    expect(await code(api.post(path, {}, { headers: { 'content-type': 'text/plain' } }))).toBe('415 not-json')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await code(api.post(path, {}, { headers: form }))).toBe('415 not-json')
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:9', 'https://evil.example:4680']) {
      expect(await code(api.post(path, {}, { headers: { origin } }))).toBe('403 origin-refused')
    }
    expect(await code(api.post(path, {}, { headers: { 'sec-fetch-site': 'cross-site' } }))).toBe('403 origin-refused')
    expect(await code(api.post(path, { extra: 1 }))).toBe('400 request-invalid')
    expect(await code(api.post(path, { pad: 'x'.repeat(70_000) }))).toBe('413 body-too-large')
    expect(api.board.figures('quotes')?.state).toBe('running')
    const own = { origin: 'http://127.0.0.1:4680', 'sec-fetch-site': 'same-origin' }
    expect((await api.post(path, {}, { headers: own })).status).toBe(200)
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const init = { method, headers: { 'content-type': 'application/json' }, body: '{}' }
      expect((await api.app.fetch(request(path, init))).status).toBe(404)
    }
  })

  it('changes nothing when it is read-only, and offers nothing to change', async () => {
    await using api = subject({ readOnly: true })
    await vi.waitFor(() => expect(api.board.figures('quotes')?.state).toBe('running'))
    for (const action of [
      'pause',
      'resume',
      'run',
      'checkpoints/reset',
      'dead-letters/replay',
      'dead-letters/discard',
      'alerts/test',
    ]) {
      expect(await code(api.app.fetch(posted(`/api/v1/flows/quotes/${action}`, {})))).toBe('403 read-only')
    }
    expect(await api.json('/api/v1/flows/quotes')).toMatchObject({ actions: [] })
  })

  it('sends headers that let a browser do nothing with its answers, refusals too', async () => {
    await using api = subject({ access: { token } })
    for (const path of ['/healthz', '/api/v1/flows', '/nowhere']) {
      const { headers } = await api.get(path)
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';.*frame-ancestors 'none'$/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(headers.get('set-cookie')).toBeNull()
    }
    const { headers } = await api.get('/docs')
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /)
  })

  it('listens for others only with a token of some length', () => {
    const access = { port: 4680, names: [], token: undefined }
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'lockstep.example.com']) {
      expect(() => assertSafe({ ...access, host })).toThrow(expect.objectContaining({ code: 'serve-token-missing' }))
      expect(() => assertSafe({ ...access, host, token })).not.toThrow()
    }
    for (const host of ['127.0.0.1', '127.0.0.2', '::1', 'localhost']) {
      expect(() => assertSafe({ ...access, host })).not.toThrow()
    }
    const short = { ...access, host: '127.0.0.1', token: new Secret('short') }
    expect(() => assertSafe(short)).toThrow(expect.objectContaining({ code: 'serve-token-short' }))
  })

  it('takes its address and token from the command line, the config and the environment, in this order', () => {
    expect(serveAccess({ flows: {} }, {}, undefined)).toEqual({
      host: '127.0.0.1',
      port: 4680,
      token: undefined,
      names: [],
    })
    const config = { flows: {}, serve: { listen: '[::1]:1', token: 'of-the-config-itself', names: ['a.example'] } }
    expect(serveAccess(config, { LOCKSTEP_TOKEN: TOKEN }, undefined)).toMatchObject({
      host: '::1',
      port: 1,
      names: ['a.example'],
    })
    expect(serveAccess(config, { LOCKSTEP_TOKEN: TOKEN }, undefined).token?.reveal()).toBe('of-the-config-itself')
    expect(serveAccess({ flows: {} }, { LOCKSTEP_TOKEN: TOKEN }, '0').token?.reveal()).toBe(TOKEN)
    expect(parseAddress('0.0.0.0:8080')).toEqual({ host: '0.0.0.0', port: 8_080 })
    for (const wrong of ['quotes', '127.0.0.1:', 'http://127.0.0.1:1', '1:2:3', '127.0.0.1:99999']) {
      expect(() => parseAddress(wrong)).toThrow(expect.objectContaining({ code: 'serve-listen-invalid' }))
    }
  })
})

describe('the files of the dashboard', () => {
  it('are those of its folder and none outside it, with the page for every address that is a page', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-web-'))
    try {
      const web = join(folder, 'web')
      await mkdir(join(web, 'assets'), { recursive: true })
      await writeFile(join(folder, 'secret.json'), '"secret"')
      await writeFile(join(web, 'index.html'), '<!doctype html>page')
      await writeFile(join(web, 'assets', 'index-BdkXn3Zq.js'), 'script')
      await writeFile(join(web, 'notes.bin'), 'bytes')
      await symlink(join(folder, 'secret.json'), join(web, 'link.json'))
      await using api = subject({ web, access: { token } })
      const script = await api.get('/assets/index-BdkXn3Zq.js')
      expect([script.status, await script.text(), script.headers.get('content-type')]).toEqual([
        200,
        'script',
        'text/javascript; charset=utf-8',
      ])
      expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      for (const path of ['/', '/flows/quotes', '/flows/quotes/dead-letters']) {
        const page = await api.get(path)
        expect([page.status, await page.text(), page.headers.get('cache-control')]).toEqual([
          200,
          '<!doctype html>page',
          'no-cache',
        ])
      }
      const outside = [
        '/../secret.json',
        '/%2e%2e/secret.json',
        '/..%2fsecret.json',
        '/link.json',
        '/assets/..%5c..%5csecret.json',
        '/%00.json',
        '/notes.bin',
        '/none.js',
        '/%E0%A4%A.json',
      ]
      for (const path of outside) expect((await api.get(path)).status).toBe(404)
      expect((await api.get('/api/none')).status).toBe(401)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
