import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import packageJson from '../../package.json' with { type: 'json' }
import { runIn } from './built.js'

const Bom = z.object({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  metadata: z.object({ component: z.object({ name: z.literal('lockstep'), version: z.literal(packageJson.version) }) }),
  components: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      purl: z.string().startsWith('pkg:npm/'),
      hashes: z.array(z.object({ alg: z.string(), content: z.string() })).min(1),
    }),
  ),
})

describe('the inventory of a release', () => {
  it('has what a production install has, each with version and checksum, and nothing of development', async () => {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const { code, stdout, stderr } = await runIn(root, process.execPath, ['scripts/sbom.mjs'])
    expect(code, stderr).toBe(0)
    const { components } = Bom.parse(JSON.parse(stdout))
    const versions = new Map(components.map(({ name, version }) => [name, version]))
    for (const [name, version] of Object.entries(packageJson.dependencies))
      expect(versions.get(name), name).toBe(version)
    // What development and production both have is there once.
    expect(['typescript', 'vitest', 'tsdown', 'vite'].filter((name) => versions.has(name))).toEqual([])
  })
})
