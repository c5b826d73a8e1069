import { createHash, randomInt } from 'node:crypto'
import { ConflictError } from '../../core/errors.js'
import { type Manifest, readObject } from './manifest.js'
import type { Generation } from './part-file.js'
import { type DescriptorRule, descriptorName } from './preset.js'
import { putBytes } from './put-bytes.js'
import type { FeedSettings } from './settings.js'

/** What the manifest says of the descriptor, which is made after it. */
export type Descriptor = NonNullable<Manifest['descriptor']>

/** A timestamp later than that of every descriptor there is, also when the clock went back or a second has two feeds. */
export async function nextGeneration(
  { as: { preset }, to }: FeedSettings,
  previous: Manifest | undefined,
  signal: AbortSignal,
): Promise<Generation> {
  const nonce = randomInt(1, 2 ** 48 - 1)
  const now = Math.floor(Date.now() / 1000)
  if (preset === undefined) return { timestamp: now, nonce }
  const { prefix } = preset.descriptor
  const listed = (await to.list(prefix, signal)).map(({ name }) => timestampOf(preset.descriptor, name))
  return { timestamp: Math.max(now, ...[previous?.descriptor?.timestamp ?? 0, ...listed].map((one) => one + 1)), nonce }
}

function timestampOf({ prefix, suffix }: DescriptorRule, name: string): number {
  const digits = name.endsWith(suffix) ? name.slice(prefix.length, -suffix.length) : ''
  // Others may have written what they like; a number that JSON cannot hold is no timestamp.
  return /^\d{1,12}$/.test(digits) ? Number(digits) : 0
}

export function describe(rule: DescriptorRule, generation: Generation, files: readonly string[]): Descriptor {
  const bytes = textOf(rule, generation, files)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { name: descriptorName(rule, generation), timestamp: generation.timestamp, bytes: bytes.length, sha256 }
}

/**
 * Makes the descriptor of a published feed, if it is not there: it follows from the manifest, so whoever comes by may make it,
 * and a run that was killed between the two is made up for.
 */
export async function putDescriptor(
  { as: { preset }, to }: FeedSettings,
  { descriptor, files }: Manifest,
  signal: AbortSignal,
): Promise<void> {
  if (preset === undefined || descriptor === undefined) return
  const { name, timestamp } = descriptor
  const names = files.map((file) => file.name)
  const bytes = textOf(preset.descriptor, { timestamp }, names)
  try {
    await putBytes(to, name, { bytes, signal })
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    const found = await readObject(to, name, signal)
    if (Buffer.from(found).equals(bytes)) return
    const message = `${to.label}: ${name} is there and not of this feed; something else publishes under this name. Run the flow again: it takes a later timestamp`
    throw new ConflictError('descriptor-taken', message, { cause: error })
  }
}

function textOf(rule: DescriptorRule, generation: Pick<Generation, 'timestamp'>, files: readonly string[]): Buffer {
  return Buffer.from(`${JSON.stringify(rule.content(generation, files))}\n`)
}
