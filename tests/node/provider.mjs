// A certified OpenID Connect provider on loopback: node provider.mjs PORT REDIRECT_URI
// People sign in by name alone; their groups are in their name: "eve@moderators+auditors".

import { Provider } from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    { client_id: "evenhand", client_secret: "not a secret: a test's", redirect_uris: [redirect] },
    { client_id: "public", token_endpoint_auth_method: "none", redirect_uris: [redirect] },
  ],
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"], email: ["email", "email_verified"] },
  pkce: { required: () => true },
  cookies: { keys: ["one for this test"] },
  async findAccount(_, id) {
    const [name, groups = ""] = id.split("@");
    return {
      accountId: id,
      claims: async () => ({
        sub: id,
        preferred_username: name,
        groups: groups.split("+").filter(Boolean),
        email: `${name}@example.org`,
        email_verified: true,
      }),
    };
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
