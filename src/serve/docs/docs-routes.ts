import type { OpenAPIHono } from '@hono/zod-openapi'
import { PAGE_POLICY } from '../security/guards.js'
import { DOCS_HTML, DOCS_SCRIPT, DOCS_STYLE } from './docs-page.js'

/** `/docs`: the OpenAPI document made readable, without a request to anywhere else. */
export function docsRoutes(app: OpenAPIHono): void {
  const page = (path: string, type: string, text: string): void => {
    app.get(path, (context) => {
      context.header('content-security-policy', PAGE_POLICY)
      context.header('cache-control', 'no-cache')
      return context.body(text, 200, { 'content-type': `${type}; charset=utf-8` })
    })
  }
  page('/docs', 'text/html', DOCS_HTML)
  page('/docs/docs.js', 'text/javascript', DOCS_SCRIPT)
  page('/docs/docs.css', 'text/css', DOCS_STYLE)
}
