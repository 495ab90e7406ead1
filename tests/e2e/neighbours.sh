# Real images, snapshots, blobs and running containers of Kubernetes, of Docker's namespace and of another; a conmon.
set -e
mkdir -p /opt/rootfs/bin /tmp/oci
cp /bin/busybox /opt/rootfs/bin/
ln -s busybox /opt/rootfs/bin/sleep

# An image of one layer, as the OCI's layout has it.
cd /tmp/oci
mkdir -p blobs/sha256
blob() {
  sum=$(sha256sum <"$1" | cut -d' ' -f1)
  size=$(wc -c <"$1")
  mv "$1" "blobs/sha256/$sum"
}
oci=application/vnd.oci.image
tar -C /opt/rootfs -cf layer bin
blob layer
layer=$sum layers="[{\"mediaType\":\"$oci.layer.v1.tar\",\"digest\":\"sha256:$sum\",\"size\":$size}]"
echo "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$layer\"]}}" >config
blob config
echo "{\"schemaVersion\":2,\"mediaType\":\"$oci.manifest.v1+json\",\"config\":{\"mediaType\":\"$oci.config.v1+json\",\"digest\":\"sha256:$sum\",\"size\":$size},\"layers\":$layers}" >manifest
blob manifest
echo "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"$oci.manifest.v1+json\",\"digest\":\"sha256:$sum\",\"size\":$size,\"annotations\":{\"io.containerd.image.name\":\"lan/sleeper:1\"},\"platform\":{\"architecture\":\"amd64\",\"os\":\"linux\"}}]}" >index.json
echo '{"imageLayoutVersion":"1.0.0"}' >oci-layout
tar -cf /tmp/image.tar .

for name in k8s.io moby elsewhere; do
  ctr -n $name images import /tmp/image.tar
  ctr -n $name run -d --null-io --cpu-shares 0 lan/sleeper:1 of-$name /bin/sleep 4321
  ctr -n $name snapshots prepare a-$name ''
  ctr -n $name snapshots commit b-$name a-$name
  ctr -n $name snapshots prepare c-$name b-$name
  for snapshot in b c; do ctr -n $name snapshots label $snapshot-$name containerd.io/gc.root=x; done
done
# As kubelet's two cgroup drivers place pods.
ctr -n k8s.io run -d --null-io --cpu-shares 0 --cgroup /kubepods/besteffort/pod1 --rootfs /opt/rootfs pod1 /bin/sleep 4321
ctr -n k8s.io run -d --null-io --cpu-shares 0 --runc-systemd-cgroup --cgroup kubepods.slice:cri-containerd:pod2 --rootfs /opt/rootfs pod2 /bin/sleep 4321
# One that containerd has forgotten.
systemd-run --quiet --unit=lost --slice=kubepods.slice sleep 4321
cp /bin/sleep /usr/local/bin/conmon
systemd-run --quiet --unit=libpod-conmon --slice=machine.slice /usr/local/bin/conmon 4321
