import { expect, test } from 'vitest'
import { textPrint } from './text-print.js'

test('a quarter of a million texts that differ in little have prints of their own', () => {
  const prints = new Set<number>()
  for (let id = 0; id < 250_000; id++) prints.add(textPrint(`missing-left - 44 ${id}`))
  expect(prints.size).toBe(250_000)
  for (const print of prints)
    if (!Number.isSafeInteger(print) || print < 0) throw new Error(`${print} is no safe integer`)
})

test('each bit is set in about half of the prints', () => {
  const texts = Array.from({ length: 4_000 }, (_, id) => `${id}`)
  for (let bit = 0; bit < 53; bit++) {
    const set = texts.filter((text) => Math.floor(textPrint(text) / 2 ** bit) % 2 === 1).length
    expect(Math.abs(set - 2_000), `bit ${bit}`).toBeLessThan(300)
  }
})
