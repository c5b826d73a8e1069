import { describe, expect, it } from 'vitest'
import { contract, failing } from './contract.js'

describe('contract', () => {
  it('fails an unsupported test that passes', async () => {
    await expect(failing('it works', async () => undefined)).rejects.toThrow('passes now')
    await expect(failing('it works', () => Promise.reject(new Error('no')))).resolves.toBeUndefined()
  })

  it('knows no unsupported tests but its own', () => {
    const unsupported = [{ reason: 'old', tests: ['gone'] }]
    expect(() => contract('x', { here: async () => undefined }, { unsupported })).toThrow('no test "gone"')
  })
})
