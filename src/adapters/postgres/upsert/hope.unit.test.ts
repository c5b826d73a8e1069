import { describe, expect, it } from 'vitest'
import { Hope } from './hope.js'

function triesOf(hope: Hope, writes: number, right: boolean): number {
  let tries = 0
  for (let write = 0; write < writes; write++) {
    if (!hope.next()) continue
    tries += 1
    if (right) hope.fulfilled()
    else hope.disappointed()
  }
  return tries
}

describe('the hope that keys are new', () => {
  it('is kept as long as it is right', () => {
    expect(triesOf(new Hope(), 100, true)).toBe(100)
  })

  it('is had less and less often when it is wrong', () => {
    const hope = new Hope()
    expect(triesOf(hope, 65, false)).toBe(1)
    expect(triesOf(hope, 10_000, false)).toBeLessThan(6)
  })

  it('comes back when it is right again', () => {
    const hope = new Hope()
    triesOf(hope, 1_000, false)
    expect(triesOf(hope, 2_000, true)).toBeGreaterThan(900)
  })
})
