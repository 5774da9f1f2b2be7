// One bulk copy of 1024 bytes to both CTAs of a cluster: an instruction for sm_90 to sm_110, a call into the driver for
// sm_12x. Each CTA waits on its own mbarrier and gives back what its shared memory holds; a wait that does not end
// writes a word of its own. See probes/cubin_arch_patch.h.

extern "C" __global__ void __cluster_dims__(2, 1, 1) multicast(const unsigned* source, unsigned* destination) {
  __shared__ alignas(128) unsigned box[256];
  __shared__ alignas(8) unsigned long long barrier;
  const unsigned box_at = static_cast<unsigned>(__cvta_generic_to_shared(box));
  const unsigned barrier_at = static_cast<unsigned>(__cvta_generic_to_shared(&barrier));
  unsigned rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));

  box[threadIdx.x] = ~threadIdx.x;
  if (threadIdx.x == 0)
    asm volatile(
        "mbarrier.init.shared::cta.b64 [%0], 1;\n\t"
        "fence.mbarrier_init.release.cluster;\n\t"
        "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], 1024;" ::"r"(barrier_at)
        : "memory");
  asm volatile(
      "fence.proxy.async;\n\t"
      "barrier.cluster.arrive.release;\n\t"
      "barrier.cluster.wait.acquire;" ::
          : "memory");

  if (rank == 0 && threadIdx.x == 0)
    asm volatile(
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1], 1024, [%2], "
        "%3;" ::"r"(box_at),
        "l"(source), "r"(barrier_at), "h"(static_cast<unsigned short>(3))
        : "memory");

  unsigned arrived = 0;
  unsigned long long begin, now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(begin));
  do {
    asm volatile(
        "{\n\t"
        ".reg .pred done;\n\t"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%1], 0;\n\t"
        "selp.u32 %0, 1, 0, done;\n\t"
        "}"
        : "=r"(arrived)
        : "r"(barrier_at)
        : "memory");
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  } while (arrived == 0 && now - begin < 2000000000);
  destination[256 * rank + threadIdx.x] = arrived != 0 ? box[threadIdx.x] : 0xdead0001u;
  asm volatile(
      "barrier.cluster.arrive.release;\n\t"
      "barrier.cluster.wait.acquire;" ::
          : "memory");
}
