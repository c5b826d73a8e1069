export type Theme = 'light' | 'dark'

const KEY = 'lockstep-theme'

/** As chosen here before, else as the system has it. */
export function startTheme(): Theme {
  const chosen = localStorage.getItem(KEY)
  if (chosen === 'light' || chosen === 'dark') return chosen
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

export function showTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
}

export function keepTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme)
  showTheme(theme)
}
