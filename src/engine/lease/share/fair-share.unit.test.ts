import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fairShare } from './fair-share.js'

test('members have all lanes together, and none has two more than another', () => {
  fc.assert(
    fc.property(fc.constantFrom(2, 4, 8, 16), fc.uniqueArray(fc.nat(15), { minLength: 1 }), (lanes, numbers) => {
      const members = numbers.slice(0, lanes)
      const shares = members.map((own) => fairShare(lanes, members, own))
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(lanes)
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
      expect(Math.min(...shares)).toBeGreaterThan(0)
    }),
  )
})
