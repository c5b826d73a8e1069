/** `npm run manifests`: compose files and manifests of Kubernetes against the schemas of those who read them. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { glob } from 'tinyglobby'
import { parse } from 'yaml'
import { z } from 'zod'
import { composeProblems } from './manifests/compose.js'
import { manifestProblems } from './manifests/kubernetes.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** As far as ours use it. */
const Kustomization = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  namespace: z.string().optional(),
  labels: z
    .array(
      z.strictObject({
        pairs: z.record(z.string(), z.string()),
        includeSelectors: z.boolean().optional(),
        includeTemplates: z.boolean().optional(),
      }),
    )
    .optional(),
  resources: z.array(z.string()),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).optional(),
  configMapGenerator: z.array(z.strictObject({ name: z.string(), files: z.array(z.string()) })).optional(),
  patches: z.array(z.strictObject({ target: z.record(z.string(), z.string()), patch: z.string() })).optional(),
})

/** What a kustomization names must be there, and what is beside it must be named. */
function kustomizationProblems(path: string, text: string, beside: readonly string[]): readonly string[] {
  const { data, error } = Kustomization.safeParse(parse(text))
  if (data === undefined) return [`${path}: ${z.prettifyError(error)}`]
  const named = [...data.resources, ...(data.configMapGenerator ?? []).flatMap(({ files }) => files)]
  const missing = named.filter((name) => !existsSync(join(ROOT, dirname(path), name)))
  const forgotten = beside.filter((other) => !named.includes(other.slice(dirname(path).length + 1)))
  return [
    ...missing.map((name) => `${path}: there is no ${name}`),
    ...forgotten.map((other) => `${path}: does not name ${other}`),
  ]
}

const read = async (path: string): Promise<string> => await readFile(join(ROOT, path), 'utf8')

const problems: string[] = []
const composes = await glob(['deploy/compose.yaml', 'examples/*/compose.yaml'], { cwd: ROOT })
for (const path of composes) problems.push(...composeProblems(await read(path)).map((problem) => `${path}: ${problem}`))

const manifests = new Map<string, string>()
const files = await glob('deploy/kubernetes/**/*.yaml', { cwd: ROOT })
for (const path of files) if (!path.endsWith('/kustomization.yaml')) manifests.set(path, await read(path))
problems.push(...manifestProblems(ROOT, manifests))
for (const path of files.filter((name) => name.endsWith('/kustomization.yaml'))) {
  const beside = [...manifests.keys()].filter((other) => dirname(other) === dirname(path))
  problems.push(...kustomizationProblems(path, await read(path), beside))
}

for (const problem of problems) console.log(`error   ${problem}`)
console.log(`${composes.length} compose files, ${manifests.size} manifests, ${problems.length} errors`)
process.exitCode = problems.length === 0 && composes.length > 0 && manifests.size > 0 ? 0 : 1
