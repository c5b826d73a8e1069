import type { Form } from '../../../core/canonical.js'
import type { TypeFacts } from '../catalog/types.js'

const NUMBER: Form = { kind: 'number' }
const UUID: Form = { kind: 'uuid' }
const TEXT: Form = { kind: 'text', padded: false }

const FORMS: ReadonlyMap<string, readonly Form[]> = new Map<string, readonly Form[]>([
  ...['int2', 'int4', 'int8', 'oid', 'numeric', 'bool'].map((type) => [type, [NUMBER]] as const),
  ['float4', [{ kind: 'float', bits: 32 }]],
  ['float8', [{ kind: 'float', bits: 64 }]],
  // `json` keeps its text, as other databases' texts of JSON do; `jsonb` prints another one.
  ...['text', 'varchar', 'name', 'citext', 'json'].map((type) => [type, [TEXT, UUID]] as const),
  ['bpchar', [{ kind: 'text', padded: true }, UUID]],
  ['uuid', [UUID]],
  ['bytea', [{ kind: 'bytes' }, UUID]],
  ['date', [{ kind: 'date' }]],
  ...['bit', 'varbit'].map((type) => [type, [{ kind: 'bits' }]] as const),
])

/** What the values of a type can be given as, the best first. */
export function formsOf({ name, kind, modifier }: TypeFacts): readonly Form[] {
  if (kind === 'enum') return [TEXT]
  const fraction = modifier === -1 ? 6 : modifier
  if (name === 'timestamp' || name === 'timestamptz') return [{ kind: 'moment', fraction }]
  if (name === 'time') return [{ kind: 'time', fraction }]
  return FORMS.get(name) ?? [{ kind: 'own', name: `postgres ${name}` }]
}
