import { useState } from 'preact/hooks'
import { useSession } from '../data/session.js'

export function SignInPage() {
  const { signIn, hasToken } = useSession()
  const [token, setToken] = useState('')
  return (
    <main class="grid min-h-dvh place-items-center p-4">
      <form
        class="panel w-full max-w-sm p-6"
        onSubmit={(event) => {
          event.preventDefault()
          signIn(token.trim())
        }}
      >
        <img src="/logo.svg" alt="" width="36" height="36" />
        <h1 class="mt-3 text-lg font-semibold">This server wants its token</h1>
        <p class="mt-1 text-muted">
          It is what the server was started with, by option or as LOCKSTEP_TOKEN. It is kept for this tab only.
        </p>
        {hasToken && (
          <p role="alert" class="mt-3 font-medium text-bad">
            The server refuses the token that was given.
          </p>
        )}
        <label class="mt-4 block">
          <span class="text-xs text-muted">Token</span>
          <input
            type="password"
            autocomplete="off"
            class="field mt-1 w-full"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button button-main mt-4 w-full" disabled={token.trim() === ''}>
          Sign in
        </button>
      </form>
    </main>
  )
}
