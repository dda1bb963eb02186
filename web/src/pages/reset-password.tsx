import { api, data } from '../api/client';
import { TokenForm } from './token-form';

export function ResetPassword() {
  return (
    <TokenForm
      title="Set a new password"
      hint="12 to 256 characters. All your logins end."
      action="Set password"
      done="Your password is set."
      submit={(token, password) =>
        data(api.POST('/v1/auth/password-reset/confirm', { body: { token, password } }))
      }
    />
  );
}
