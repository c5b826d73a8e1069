import { existsSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'

/** What is outside docs/ and has a page of the site; a folder stands for all that is in it. */
const PAGES: readonly (readonly [path: string, page: string])[] = [
  ['examples/scans', '/services/scans'],
  ['examples/quotes', '/services/quotes'],
  ['examples/facilities', '/services/facilities'],
  ['examples/blobs', '/services/blobs'],
  ['examples/sync', '/services/records'],
  ['examples', '/services/'],
  ['deploy', '/guides/deploy'],
  ['src', '/architecture'],
  ['CONTRIBUTING.md', '/contributing'],
  ['CHANGELOG.md', '/changelog'],
  ['README.md', '/'],
]

/**
 * Pages are written to be read in the repository too, where their links lead to examples and other files. Here those lead to
 * the page that shows the file. A file that is not there stops the build.
 */
export function linksOfRepository(markdown: MarkdownRenderer, docs: string): void {
  const root = dirname(normalize(`${docs}/`))
  // Theirs is plain text: `<name>` is no element of Vue, except in what typedoc writes.
  markdown.core.ruler.before('block', 'plain-text', ({ md, env }) => {
    md.options.html = String(env.relativePath).startsWith('reference/')
  })
  markdown.core.ruler.push('links-of-repository', ({ tokens, env, src }) => {
    // What could not be included stays as it is written, without a word.
    if (/<!--\s*@include:/.test(src)) throw new Error(`${env.relativePath}: a file that it includes is not there`)
    // A page that includes a file from elsewhere says in its frontmatter which: that file's links are meant from there.
    const source: unknown = env.frontmatter?.source
    const pages = [join(docs, env.relativePath ?? ''), ...(typeof source === 'string' ? [join(root, source)] : [])]
    for (const [file] of tokens.map(snippetOf)) {
      if (file !== undefined && !existsSync(file)) throw new Error(`${pages[0]}: there is no ${file}`)
    }
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (href === null || /^[a-z]+:|^[#/]/i.test(href)) continue
      token.attrSet('href', placeOf(href, { pages, root }))
    }
  })
}

/** The file that a block of code is taken from (`<<< path`), as VitePress notes it on its token. */
function snippetOf(token: object): readonly string[] {
  return 'src' in token && Array.isArray(token.src) ? token.src : []
}

/** Where a link leads on the site. */
function placeOf(href: string, from: { readonly pages: readonly string[]; readonly root: string }): string {
  const [path = '', hash = ''] = href.split(/(?=#)/)
  const files = from.pages.map((page) => join(dirname(page), path))
  const file = files.find((one) => existsSync(one) || one.includes('/docs/reference/'))
  if (file === undefined) throw new Error(`${from.pages[0]}: there is no ${href}`)
  const inside = relative(from.root, file).split(sep).join('/').replace(/\/$/, '')
  if (inside.startsWith('docs/')) {
    const folder = statSync(file, { throwIfNoEntry: false })?.isDirectory() === true ? '/' : ''
    return `/${inside.slice('docs/'.length).replace(/README\.md$/, '')}${folder}${hash}`
  }
  const known = PAGES.find(([prefix]) => inside === prefix || inside.startsWith(`${prefix}/`))
  if (known === undefined) throw new Error(`${from.pages[0]}: no page of the site shows ${inside}; add it to PAGES`)
  return known[1]
}
