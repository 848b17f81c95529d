import { Button } from "@mantine/core";
import { useSignOut } from "./queries";

/** Ends what signing in began, in this browser. */
export function SignOut({ tokenName }: { tokenName: string }) {
  const signOut = useSignOut();
  return (
    <Button
      variant="default"
      size="xs"
      title={`Signed in with the token ${tokenName}`}
      loading={signOut.isPending}
      onClick={() => signOut.mutate()}
    >
      Sign out
    </Button>
  );
}
