import { describe, expect, it, vi } from 'vitest'
import { armFailpoint, failpoint } from './failpoint.js'

describe('failpoint', () => {
  it('does nothing unless it is armed, and nothing again once disarmed', () => {
    const action = vi.fn()
    failpoint('here')
    const disarm = armFailpoint('here', action)
    failpoint('elsewhere')
    expect(action).not.toHaveBeenCalled()
    failpoint('here')
    disarm()
    failpoint('here')
    expect(action).toHaveBeenCalledTimes(1)
  })

  it('throws what its action throws, and is not disarmed by an older one', () => {
    const disarmOld = armFailpoint('here', () => {})
    const disarm = armFailpoint('here', () => {
      throw new Error('armed')
    })
    disarmOld()
    expect(() => failpoint('here')).toThrow('armed')
    disarm()
  })
})
