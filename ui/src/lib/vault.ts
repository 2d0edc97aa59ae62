// The vault's states in words, and what the person can do about each.
import type { VaultView } from './wire';

export type VaultStep = 'try-again' | 'passphrase' | 'init' | 'reset' | 'none';

/** The one thing to do about the vault. */
export function vaultStep(vault: VaultView): VaultStep {
  switch (vault.state) {
    case 'unlocked':
      return 'none';
    case 'locked':
      return vault.backend === 'passphrase' ? 'passphrase' : 'try-again';
    case 'missing':
      return 'init';
    case 'broken':
      return 'try-again';
    case 'key-lost':
      return 'reset';
  }
}

export function vaultTitle(vault: VaultView): string {
  switch (vault.state) {
    case 'unlocked':
      return 'The vault is unlocked';
    case 'locked':
      return vault.backend === 'passphrase' ? 'The vault is locked' : 'Your keychain is locked';
    case 'missing':
      return 'There is no keychain on this computer';
    case 'broken':
      return 'The keychain isn’t answering';
    case 'key-lost':
      return 'The vault’s key is gone';
  }
}

export function vaultWord(vault: VaultView): string {
  switch (vault.state) {
    case 'unlocked':
      return 'Unlocked';
    case 'locked':
      return 'Locked';
    case 'missing':
      return 'Missing';
    case 'broken':
      return 'Not answering';
    case 'key-lost':
      return 'Key lost';
  }
}
