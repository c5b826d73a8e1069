import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Resolve } from '../../../src/adapters/webhook/lookup.js'
import { parseWebhook, type WebhookOptions } from '../../../src/adapters/webhook/options.js'
import { webhook } from '../../../src/adapters/webhook/webhook.js'
import { WebhookSink } from '../../../src/adapters/webhook/webhook-sink.js'
import type { AlertMessage } from '../../../src/core/alert.js'
import { OTHER_CA, RECEIVER_CA, Receiver, type Reply } from '../../support/webhook/receiver.js'

const CANARY = 'C4N4RY-of-the-address'
const OPTIONS: WebhookOptions = { ca: RECEIVER_CA, allowPrivate: true, timeoutMs: 10_000 }
const { signal } = new AbortController()

const message: AlertMessage = {
  id: 'd0c1b6a2-0000-4000-8000-000000000001',
  at: '2026-01-31T03:00:10.000Z',
  test: false,
  alerts: [
    {
      flow: 'blobs',
      flowKind: 'check',
      kind: 'different',
      status: 'raised',
      since: '2026-01-31T03:00:00.000Z',
      message: 'differs',
      count: 4,
      command: 'lockstep check blobs --more-info',
    },
  ],
}

describe('a webhook', () => {
  let receiver: Receiver
  beforeAll(async () => {
    receiver = await Receiver.start()
  })
  beforeEach(() => {
    receiver.received.length = 0
    receiver.replies = [{}]
    receiver.connections = 0
  })
  afterAll(() => receiver[Symbol.asyncDispose]())

  const send = (options: WebhookOptions = {}, replies: Reply[] = [{}], path = `/services/${CANARY}?key=${CANARY}`) => {
    receiver.replies = replies
    return webhook(receiver.url(path), { ...OPTIONS, ...options }).send(message, signal)
  }
  const failure = async (work: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await work.then(
      () => undefined,
      (caught: unknown) => caught,
    )
    expect(error).toBeInstanceOf(Error)
    const texts = [inspect(error, { depth: 9, showHidden: true })]
    for (let one = error; one instanceof Error; one = one.cause) texts.push(one.message, one.stack ?? '')
    expect(texts.join('\n')).not.toContain(CANARY)
    return error
  }

  it('posts to its whole address, signed over the moment and the body', async () => {
    expect(await send({ format: 'json', secret: 's3cret', headers: { 'x-team': 'data' } })).toBe('200 ok')
    const [got] = receiver.received
    expect(got?.path).toBe(`/services/${CANARY}?key=${CANARY}`)
    expect(got?.headers).toMatchObject({
      'content-type': 'application/json',
      'lockstep-delivery': message.id,
      'x-team': 'data',
    })
    expect(JSON.parse(got?.body ?? '')).toMatchObject({ version: 1, alerts: [{ flow: 'blobs', count: 4 }] })
    const [, t = '', v1 = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(got?.headers['lockstep-signature'])) ?? []
    expect(createHmac('sha256', 's3cret').update(`${t}.${got?.body}`).digest('hex')).toBe(v1)
    expect(Math.abs(Date.now() / 1_000 - Number(t))).toBeLessThan(120)
  })

  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    const location = receiver.url(`/elsewhere/${CANARY}`)
    const error = await failure(send({}, [{ status, headers: { location } }]))
    expect(error).toMatchObject({ name: 'ConfigError', code: 'webhook-redirects' })
    expect(receiver.received).toHaveLength(1)
  })

  it.each([408, 425, 429, 500, 503])('that answers %i may take it later', async (status) => {
    const error = await failure(send({}, [{ status, body: 'a moment' }]))
    expect(error).toMatchObject({ name: 'UnavailableError', message: expect.stringContaining(`${status} a moment`) })
  })

  it.each([400, 401, 403, 404, 410])('that answers %i will not', async (status) => {
    expect(await failure(send({}, [{ status, body: 'no_such_hook' }]))).toMatchObject({
      name: 'ConfigError',
      code: 'webhook-refused',
      message: expect.stringContaining(`${status} no_such_hook`),
    })
  })

  it('does not repeat what a receiver repeats of the address, the secret and the headers', async () => {
    const secret = 'secret-CANARY'
    const echo: Reply = {
      status: 404,
      body: ({ path, headers }) =>
        `Cannot POST ${path} ${headers['authorization']} ${secret} ${encodeURIComponent(path)}`,
    }
    const options = { secret, headers: { authorization: `Bearer ${CANARY}` } }
    const error = await failure(send(options, [echo]))
    expect(error).toMatchObject({ message: expect.stringContaining('Cannot POST [redacted]') })
    expect(String(error)).not.toContain('CANARY')
    const long: Reply = { status: 200, body: ({ path }) => `${path} `.repeat(500) }
    const said = await send(options, [long])
    expect(said).toMatch(/^200 /)
    expect(said.length).toBeLessThan(300)
    for (let part = 8; part < CANARY.length; part++) expect(said).not.toContain(CANARY.slice(0, part))
  })

  it('that hangs is left at its deadline; one that hangs after its status has answered', async () => {
    expect(await failure(send({ timeoutMs: 200 }, [{ hangs: 'at once' }]))).toMatchObject({ code: 'webhook-timeout' })
    expect(await send({ timeoutMs: 1_000 }, [{ hangs: 'after the head' }])).toBe('200 slow')
  })

  it('is aborted', async () => {
    const abort = new AbortController()
    const sending = webhook(receiver.url(), OPTIONS).send(message, abort.signal)
    receiver.replies = [{ hangs: 'at once' }]
    abort.abort()
    await expect(sending).rejects.toThrow()
  })

  it('refuses a certificate of an authority it does not trust, and nobody at the port', async () => {
    expect(await failure(send({ ca: OTHER_CA }))).toMatchObject({
      name: 'UnavailableError',
      code: 'webhook-unreachable',
    })
    expect(receiver.received).toEqual([])
    const nobody = webhook(`https://localhost:1/${CANARY}`, OPTIONS).send(message, signal)
    expect(await failure(nobody)).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') })
  })

  it('is not on this machine, unless that is said', async () => {
    const error = await failure(send({ allowPrivate: false }))
    expect(error).toMatchObject({
      code: 'webhook-address-refused',
      message: expect.stringContaining('is this machine'),
    })
    expect(receiver.connections).toBe(0)
  })

  describe('whose name leads elsewhere', () => {
    const resolving = (...answers: readonly (readonly string[])[]) => {
      const asked: string[] = []
      const resolve: Resolve = async (host) => {
        asked.push(host)
        const addresses = answers[Math.min(asked.length, answers.length) - 1] ?? []
        return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      }
      const sink = new WebhookSink(parseWebhook(receiver.url(`/${CANARY}`), OPTIONS), resolve)
      return { sink, asked }
    }
    const local = async (): Promise<string> => {
      const { address } = await import('node:dns/promises').then(({ lookup }) => lookup('localhost'))
      return address
    }

    it('is asked once for each message, and what was looked at is what is connected to', async () => {
      const { sink, asked } = resolving([await local()], ['169.254.169.254'])
      expect(await sink.send(message, signal)).toBe('200 ok')
      expect(asked).toEqual(['localhost'])
      expect(await failure(sink.send(message, signal))).toMatchObject({ code: 'webhook-address-refused' })
      expect(receiver.received).toHaveLength(1)
      expect(receiver.connections).toBe(1)
    })

    it.each(['169.254.169.254', 'fd00:ec2::254', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '0.0.0.0', 'fe80::1'])(
      'to %s is refused, with allowPrivate too, and beside an address that may be',
      async (address) => {
        const { sink } = resolving([await local(), address])
        expect(await failure(sink.send(message, signal))).toMatchObject({ code: 'webhook-address-refused' })
        expect(receiver.connections).toBe(0)
      },
    )

    it('to nothing cannot be reached', async () => {
      expect(await failure(resolving([]).sink.send(message, signal))).toMatchObject({ code: 'webhook-unreachable' })
    })
  })

  it('is looked at by doctor, without a message', async () => {
    const good = await webhook(receiver.url(), OPTIONS).diagnose(signal)
    expect(good).toMatchObject([{ level: 'ok', subject: `webhook https://localhost:${receiver.port}` }])
    const closed = await webhook(receiver.url(), { ca: RECEIVER_CA }).diagnose(signal)
    expect(closed).toMatchObject([{ level: 'error', fix: expect.stringContaining('allowPrivate') }])
    expect(await webhook('https://localhost:1/x', OPTIONS).diagnose(signal)).toMatchObject([{ level: 'warn' }])
    expect(receiver.received).toEqual([])
  })
})
