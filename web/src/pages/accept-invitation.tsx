import { api, data } from '../api/client';
import { TokenForm } from './token-form';

export function AcceptInvitation() {
  return (
    <TokenForm
      title="Accept your invitation"
      hint="If your email has an account already, its password. If not, one for your new account: 12 to 256 characters."
      action="Accept"
      done="You are in."
      submit={(token, password) =>
        data(api.POST('/v1/auth/invitations/accept', { body: { token, password } }))
      }
    />
  );
}
