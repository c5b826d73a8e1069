/** The head of the OpenAPI document; paths and schemas come from the routes. */
export function openApiInfo(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lockstep',
      version,
      description:
        'How flows stand, what they left behind, and what can be done about it. Errors are `application/problem+json` ' +
        '(RFC 9457) with a `code`. Every answer has an `X-Request-Id`: that of the request, or one made for it. Lists that may be long answer `next`, to be sent as `cursor`. Times are ISO 8601 in UTC.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: [
      { name: 'flows', description: 'What moves and what lags' },
      { name: 'state', description: 'Runs, checkpoints and conflicts' },
      { name: 'dead letters', description: 'Items that could not be stored' },
      { name: 'checks', description: 'What comparisons found' },
      { name: 'feeds', description: 'What was published' },
      { name: 'actions', description: 'What can be done; POST with JSON' },
      { name: 'live', description: 'Updates as they happen' },
      { name: 'server', description: 'Health and metrics' },
    ],
  }
}
