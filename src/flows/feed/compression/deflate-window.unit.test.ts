import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fittingWindow } from './deflate-window.js'

const LEVEL = 6

describe('the window of gzip', () => {
  it('is small for rows that repeat what is near', async () => {
    const rows = Array.from({ length: 8_000 }, (_, id) => JSON.stringify({ id, name: `n${id * 7919}`, country: 'US' }))
    expect(await fittingWindow(Buffer.from(rows.join(',')), LEVEL)).toBe(12)
  })

  it('is as large as what is repeated is far away', async () => {
    const repeated = (bytes: number): Buffer => {
      const part = randomBytes(bytes)
      return Buffer.concat(Array.from({ length: Math.ceil(400_000 / bytes) }, () => part))
    }
    expect(await fittingWindow(repeated(6_000), LEVEL)).toBe(13)
    expect(await fittingWindow(repeated(12_000), LEVEL)).toBe(14)
    expect(await fittingWindow(repeated(25_000), LEVEL)).toBe(15)
  })

  it('is the largest for what is too small to tell', async () => {
    expect(await fittingWindow(Buffer.alloc(10_000, 'x'), LEVEL)).toBe(15)
  })
})
