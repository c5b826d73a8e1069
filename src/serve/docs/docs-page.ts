// The script makes text nodes only, so that nothing of the document can become markup.

export const DOCS_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lockstep API</title>
<link rel="stylesheet" href="/docs/docs.css">
</head>
<body>
<main id="docs"><h1>Lockstep API</h1><p>Reading <a href="/openapi.json">/openapi.json</a> ...</p></main>
<script src="/docs/docs.js" defer></script>
</body>
</html>
`

export const DOCS_STYLE = `:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent);
  --dim: color-mix(in srgb, currentColor 65%, transparent); }
body { margin: 0; font: 15px/1.55 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); text-transform: capitalize; }
code, pre { font: 13px/1.5 ui-monospace, monospace; } pre { overflow-x: auto; margin: .5rem 0; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; } summary b { display: inline-block; min-width: 3.2rem; }
summary code { overflow-wrap: anywhere; } .dim { color: var(--dim); }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; } td, th { text-align: left; vertical-align: top;
  border-top: 1px solid var(--line); padding: .25rem .6rem .25rem 0; overflow-wrap: anywhere; }
`

export const DOCS_SCRIPT = `const make = (name, text, ...children) => {
  const element = document.createElement(name)
  if (text) element.textContent = text
  element.append(...children)
  return element
}
const link = (text, href) => Object.assign(make('a', text), { href })
const dim = (text) => Object.assign(make('span', text), { className: 'dim' })

function typeOf(schema) {
  if (!schema) return ''
  if (schema.$ref) return schema.$ref.split('/').pop()
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  const several = schema.anyOf ?? schema.oneOf ?? schema.allOf
  if (several) return several.map(typeOf).join(schema.allOf ? ' & ' : ' | ')
  if (schema.type === 'array') return typeOf(schema.items) + '[]'
  if (schema.type === 'object' && schema.additionalProperties) return 'map of ' + (typeOf(schema.additionalProperties) || 'any')
  return [schema.type].flat().join(' | ') + (schema.format ? ' (' + schema.format + ')' : '')
}

function table(heads, rows) {
  const head = make('tr', '', ...heads.map((text) => make('th', text)))
  const body = rows.map((cells) => make('tr', '', ...cells.map((cell) => make('td', '', cell))))
  return make('table', '', head, ...body)
}

function properties(schema) {
  const required = new Set(schema.required ?? [])
  return table(['field', 'type'], Object.entries(schema.properties ?? {}).map(([name, part]) => [
    make('code', required.has(name) ? name : name + '?'), make('code', typeOf(part)) ]))
}

function operation(method, path, op) {
  const parts = [make('summary', '', make('b', method.toUpperCase()), make('code', path), make('span', ' '), dim(op.summary ?? ''))]
  if (op.description) parts.push(make('p', op.description))
  if (op.parameters?.length) parts.push(table(['parameter', 'type', ''], op.parameters.map((each) => [
    make('code', each.name + (each.required ? '' : '?')), make('code', typeOf(each.schema)), dim(each.description ?? each.schema?.description ?? '') ])))
  const body = Object.values(op.requestBody?.content ?? {})[0]?.schema
  if (body) parts.push(make('p', '', make('span', 'Body: '), make('code', typeOf(body))))
  parts.push(table(['status', 'answer', ''], Object.entries(op.responses).map(([status, answer]) => [
    make('code', status), make('code', Object.entries(answer.content ?? {}).map(([type, { schema }]) => type + ' ' + typeOf(schema)).join(', ')),
    dim(answer.description ?? '') ])))
  return make('details', '', ...parts)
}

async function show() {
  const root = document.getElementById('docs')
  const api = await (await fetch('/openapi.json')).json()
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, op]) => ({ path, method, op })))
  root.replaceChildren(make('h1', api.info.title + ' API ' + api.info.version), make('p', api.info.description),
    make('p', '', make('span', 'The same for programs: '), link('/openapi.json', '/openapi.json')))
  for (const tag of api.tags) {
    const own = operations.filter(({ op }) => op.tags?.includes(tag.name))
    root.append(make('h2', tag.name), dim(tag.description), ...own.map(({ path, method, op }) => operation(method, path, op)))
  }
  root.append(make('h2', 'Schemas'), ...Object.entries(api.components.schemas).map(([name, schema]) =>
    make('details', '', make('summary', '', make('code', name)), properties(schema))))
}

show().catch(() => document.getElementById('docs').append(make('p', 'The document could not be read.')))
`
