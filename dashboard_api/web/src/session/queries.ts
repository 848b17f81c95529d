import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ApiError, bodyOf } from "../api/client";

export const SESSION = ["session"];

/** Whether a token is needed to read, and which one this browser has. */
export function useSession() {
  return useQuery({
    queryKey: SESSION,
    queryFn: ({ signal }) => bodyOf(api.GET("/api/v1/session", { signal })),
    staleTime: Infinity,
  });
}

/** Has the service keep the token in a cookie, which no script can read. */
export function useSignIn() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (token: string) => {
      const headers = { Authorization: `Bearer ${token}` };
      const { error, response } = await api.POST("/api/v1/session", { headers });
      if (error !== undefined) throw new ApiError(response.status, error.title, error.detail);
    },
    onSuccess: () => queryClient.resetQueries(),
  });
}

/** Forgets the cookie, and every figure on the page. */
export function useSignOut() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => api.DELETE("/api/v1/session"),
    onSuccess: () => queryClient.resetQueries(),
  });
}
