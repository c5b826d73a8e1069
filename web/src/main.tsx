import { QueryClient, QueryClientProvider } from '@tanstack/preact-query'
import { render } from 'preact'
import { App } from './app.js'
import { SessionProvider } from './data/session.js'
import { showTheme, startTheme } from './data/theme.js'
import './styles/app.css'

showTheme(startTheme())

const queries = new QueryClient({
  defaultOptions: { queries: { retry: false, refetchOnWindowFocus: true, staleTime: 1_000 } },
})

const root = document.getElementById('app')
if (root !== null) {
  render(
    <QueryClientProvider client={queries}>
      <SessionProvider>
        <App />
      </SessionProvider>
    </QueryClientProvider>,
    root,
  )
}
