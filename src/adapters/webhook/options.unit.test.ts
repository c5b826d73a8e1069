import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../core/errors.js'
import { Secret } from '../../core/secret.js'
import type { WebhookOptions } from './options.js'
import { webhook } from './webhook.js'

const CANARY = 'T0CANARY'
const HOST = 'https://hooks.slack.com'
const URL_WITH_SECRET = `${HOST}/services/${CANARY}?key=${CANARY}`

function problemOf(url: string | Secret, options: WebhookOptions = {}): ConfigError {
  try {
    webhook(url, options)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  return expect.fail('it was taken')
}

describe('what a webhook takes', () => {
  it.each<[string, WebhookOptions?]>([
    [URL_WITH_SECRET],
    [URL_WITH_SECRET, { allow: ['hooks.slack.com'] }],
    [URL_WITH_SECRET, { allow: ['*.slack.com', 'other.com'] }],
    ['https://8.8.8.8/x'],
    ['https://10.1.2.3/x', { allowPrivate: true }],
    ['https://[fd12::1]/x', { allowPrivate: true }],
    ['http://localhost:9/x', { allowPrivate: true }],
    ['http://127.0.0.1:9/x', { allowPrivate: true }],
    ['http://[::1]:9/x', { allowPrivate: true }],
  ])('%s %j', (url, options) => {
    expect(webhook(url, options).label).toMatch(/^webhook https?:\/\/[^/]+$/)
  })

  it('prints only its origin, whatever prints it', () => {
    const sink = webhook(new Secret(URL_WITH_SECRET), {
      secret: CANARY,
      headers: { authorization: `Bearer ${CANARY}` },
    })
    expect(sink.label).toBe('webhook https://hooks.slack.com')
    const printed = [String(sink), JSON.stringify(sink), inspect(sink, { depth: 9, showHidden: true })].join()
    expect(printed).not.toContain(CANARY)
  })
})

describe('what a webhook refuses, without naming more than the host', () => {
  it.each<[string, string, WebhookOptions?]>([
    ['no address', CANARY],
    ['not encrypted', `http://hooks.slack.com/${CANARY}`],
    ['not encrypted', `http://hooks.slack.com/${CANARY}`, { allowPrivate: true }],
    ['not encrypted', `http://10.0.0.1/${CANARY}`, { allowPrivate: true }],
    ['not encrypted', `http://localhost/${CANARY}`],
    ['of ftp:', `ftp://hooks.slack.com/${CANARY}`],
    ['of file:', `file:///${CANARY}`],
    ['a user or a password', `https://me:${CANARY}@hooks.slack.com/x`],
    ['is this machine', `https://127.0.0.1/${CANARY}`],
    ['is this machine', `https://0x7f.1/${CANARY}`],
    ['is this machine', `https://2130706433/${CANARY}`],
    ['is this machine', `https://[::ffff:127.0.0.1]/${CANARY}`],
    ['in a private network', `https://192.168.0.1/${CANARY}`],
    ['in a private network', `https://[64:ff9b::a00:1]/${CANARY}`],
    ['nothing is ever sent to', `https://169.254.169.254/${CANARY}`],
    ['nothing is ever sent to', `https://169.254.169.254/${CANARY}`, { allowPrivate: true }],
    ['nothing is ever sent to', `https://[fd00:ec2::254]/${CANARY}`, { allowPrivate: true }],
    ['nothing is ever sent to', `https://[::ffff:a9fe:a9fe]/${CANARY}`, { allowPrivate: true }],
    ['nothing is ever sent to', `https://0.0.0.0/${CANARY}`, { allowPrivate: true }],
    ['not among the hosts', URL_WITH_SECRET, { allow: ['example.com'] }],
    ['not among the hosts', `https://slack.com.evil.example/${CANARY}`, { allow: ['*.slack.com', 'slack.com'] }],
    ['not among the hosts', `https://evilslack.com/${CANARY}`, { allow: ['*.slack.com'] }],
    ['headers.bad name', URL_WITH_SECRET, { headers: { 'bad name': 'x' } }],
    ['value of a header', URL_WITH_SECRET, { headers: { ok: `${CANARY}\r\nevil: 1` } }],
  ])('%s: %s %j', (message, url, options) => {
    const error = problemOf(url, options)
    expect(error.message).toContain(message)
    expect(error.message).not.toContain(CANARY)
  })

  it('names an option that it does not know', () => {
    const options: object = { fromat: 'slack' }
    expect(problemOf(HOST, options).message).toContain('fromat')
  })
})
