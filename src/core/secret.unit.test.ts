import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scrub } from './secret.js'

const CANARY = 'canary-1f2e3d'

describe('scrub', () => {
  it.each([
    [`cannot reach postgres://app:${CANARY}@db:5432/app`, 'cannot reach postgres://[redacted]@db:5432/app'],
    [`kurrentdb+discover://${CANARY}@a,b:2113`, 'kurrentdb+discover://[redacted]@a,b:2113'],
    [`mysql://u:${CANARY}@${CANARY}@db/x`, 'mysql://[redacted]@db/x'],
    [`host=db password='${CANARY} two' user=a`, 'host=db password=[redacted] user=a'],
    ['nothing of it is secret: a@b, https://example.com/a@b', 'nothing of it is secret: a@b, https://example.com/a@b'],
  ])('%s', (text, scrubbed) => {
    expect(scrub(text)).toBe(scrubbed)
  })

  it('takes credentials out of whatever stands around them, also straight before', () => {
    const around = fc.string({ unit: 'binary', maxLength: 200 })
    const word = fc.stringMatching(/^[a-z0-9+.-]{0,80}$/)
    void fc.assert(
      fc.property(around, word, around, (before, glued, after) => {
        expect(scrub(`${before} ${glued}postgres://u:${CANARY}@db ${after}`)).not.toContain(CANARY)
      }),
    )
  })

  // Long words took minutes, as each of their letters was a place to begin at.
  it.each([
    ['one long word', 'x'.repeat(1_000_000)],
    ['base64', Buffer.alloc(750_000, 7).toString('base64')],
    ['many schemes', 'a://'.repeat(250_000)],
    ['many @', `a://${'@'.repeat(1_000_000)} `],
  ])('is done soon with a message of a megabyte: %s', (_name, text) => {
    expect(scrub(text).length).toBeGreaterThan(0)
  })
})
