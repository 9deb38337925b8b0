// A QEMU TCG plugin that counts what a guest does between marks; see work.py.
//
// A mark is the system call umask with MARK + stage for its argument: what follows is added to that
// stage. Counted are instructions, bytes loaded and stored, and misses of two caches of the sizes
// that are given (l1=, l2=, line= in bytes; 4 and 16 ways, the longest unused line goes). One thread
// at a time. Works with the API of version 1, which QEMU has had since 4.2; needs no header of QEMU.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define MARK 0x50490000
#define SLOTS 256
typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct qemu_info_t qemu_info_t;
enum op { INLINE_ADD_U64 };
enum flags { NO_REGISTERS };
enum rw { READ = 1, WRITE, BOTH };
extern void qemu_plugin_register_vcpu_tb_trans_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern void qemu_plugin_register_vcpu_tb_exec_inline(
    struct qemu_plugin_tb *, enum op, void *, uint64_t);
extern void qemu_plugin_register_vcpu_mem_cb(
    struct qemu_plugin_insn *, void (*)(unsigned, qemu_plugin_meminfo_t, uint64_t, void *),
    enum flags, enum rw, void *);
extern unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t);
extern _Bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t);
extern void qemu_plugin_register_vcpu_syscall_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t,
                               uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));
extern void qemu_plugin_register_atexit_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);

EXPORT int qemu_plugin_version = 1;

struct counts {
    uint64_t instructions, loaded, stored, l1, l2;
};
static struct counts now, last, stages[SLOTS];
static uint64_t visits[SLOTS];
static unsigned stage;
static const char *path = "work.txt";
static int memory = 1;

// Each set is its lines, the one that was used last in front.
struct cache {
    unsigned size, ways, line, sets; // line: bits of an address within one
    uint64_t *tags;
};
static struct cache l1 = {16 << 10, 4, 5, 0, NULL}, l2 = {128 << 10, 16, 5, 0, NULL};

static int made(struct cache *c)
{
    c->sets = c->size / c->ways >> c->line;
    c->tags = calloc((size_t)c->sets * c->ways, sizeof *c->tags);
    return c->sets > 0 && (c->sets & (c->sets - 1)) == 0 && c->tags;
}

static int missed(struct cache *c, uint64_t line)
{
    uint64_t *set = c->tags + (line & (c->sets - 1)) * c->ways;
    unsigned way = 0;
    while (way < c->ways - 1 && set[way] != line + 1)
        way++;
    int miss = set[way] != line + 1;
    memmove(set + 1, set, way * sizeof *set);
    set[0] = line + 1;
    return miss;
}

static void access(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    unsigned size = 1u << qemu_plugin_mem_size_shift(info);
    if (qemu_plugin_mem_is_store(info))
        now.stored += size;
    else
        now.loaded += size;
    uint64_t line = address >> l1.line;
    if (missed(&l1, line)) {
        now.l1++;
        now.l2 += missed(&l2, line);
    }
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &now.instructions, n);
    for (size_t i = 0; memory && i < n; i++)
        qemu_plugin_register_vcpu_mem_cb(
            qemu_plugin_tb_get_insn(tb, i), access, NO_REGISTERS, BOTH, NULL);
}

static void settle(void)
{
    struct counts *s = &stages[stage];
    s->instructions += now.instructions - last.instructions;
    s->loaded += now.loaded - last.loaded;
    s->stored += now.stored - last.stored;
    s->l1 += now.l1 - last.l1;
    s->l2 += now.l2 - last.l2;
    visits[stage]++;
    last = now;
}

static void called(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t mask, uint64_t b,
                   uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h)
{
    if ((mask >> 8 << 8) != MARK)
        return;
    settle();
    stage = mask & (SLOTS - 1);
}

static void ended(qemu_plugin_id_t id, void *data)
{
    settle();
    FILE *out = fopen(path, "w");
    if (!out)
        return;
    for (unsigned i = 0; i < SLOTS; i++)
        if (visits[i])
            fprintf(out, "%u %llu %llu %llu %llu %llu %llu\n", i, (unsigned long long)visits[i],
                    (unsigned long long)stages[i].instructions,
                    (unsigned long long)stages[i].loaded, (unsigned long long)stages[i].stored,
                    (unsigned long long)stages[i].l1, (unsigned long long)stages[i].l2);
    fclose(out);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int n, char **given)
{
    for (int i = 0; i < n; i++) {
        unsigned size = strchr(given[i], '=') ? atoi(strchr(given[i], '=') + 1) : 0;
        if (!strncmp(given[i], "out=", 4))
            path = given[i] + 4;
        else if (!strncmp(given[i], "memory=", 7))
            memory = size;
        else if (!strncmp(given[i], "line=", 5))
            l1.line = l2.line = __builtin_ctz(size);
        else if (!strncmp(given[i], "l1=", 3))
            l1.size = size;
        else if (!strncmp(given[i], "l2=", 3))
            l2.size = size;
    }
    if (!made(&l1) || !made(&l2))
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
