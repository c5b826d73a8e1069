import { join } from 'node:path'
import ts from 'typescript'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'

/** What the manifests may consist of: the module of kubernetes-types that has an API version. */
const MODULES: Readonly<Record<string, string>> = {
  v1: 'core/v1',
  'apps/v1': 'apps/v1',
  'batch/v1': 'batch/v1',
  'networking.k8s.io/v1': 'networking/v1',
  'policy/v1': 'policy/v1',
}

const Manifest = z.looseObject({ apiVersion: z.string(), kind: z.string().regex(/^[A-Z]\w+$/) })

/**
 * What is wrong with manifests of Kubernetes, by file: each becomes a literal of its kind's TypeScript type, so the compiler finds
 * fields that do not exist, are missing or of another type.
 */
export function manifestProblems(root: string, manifests: ReadonlyMap<string, string>): readonly string[] {
  const files = new Map<string, { path: string; text: string }>()
  const problems: string[] = []
  for (const [path, yaml] of manifests) {
    for (const [index, document] of parseAllDocuments(yaml).entries()) {
      problems.push(...document.errors.map(({ message }) => `${path}: ${message}`))
      const { data, error } = Manifest.safeParse(document.toJS())
      const module = data && MODULES[data.apiVersion]
      if (module === undefined)
        problems.push(`${path}: ${error?.message ?? `apiVersion ${data?.apiVersion} is not known here`}`)
      else files.set(join(root, 'deploy', `manifest-${files.size}-${index}.ts`), { path, text: literal(module, data) })
    }
  }
  return [...problems, ...compile(files)]
}

function literal(module: string, manifest: z.infer<typeof Manifest> | undefined): string {
  const json = JSON.stringify(manifest, null, 2)
  return `import type { ${manifest?.kind} } from 'kubernetes-types/${module}'\nexport const it: Required<Pick<${manifest?.kind}, 'apiVersion' | 'kind' | 'metadata'>> & ${manifest?.kind} = ${json}\n`
}

function compile(files: ReadonlyMap<string, { path: string; text: string }>): readonly string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    types: [],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    skipLibCheck: true,
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path)?.text ?? readFile(path)
  host.getSourceFile = (path, version) => {
    const text = host.readFile(path)
    return text === undefined ? undefined : ts.createSourceFile(path, text, version)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  return [...files].flatMap(([file, { path }]) =>
    program
      .getSemanticDiagnostics(program.getSourceFile(file))
      .map(({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
  )
}
